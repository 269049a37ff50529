// SPDX-License-Identifier: Apache-2.0

/// A constant of C, printed so that it has the value and the type meant on every machine.
enum CLiteral: Hashable, Sendable {
  /// Of type `int`; the value must fit 32 bits.
  case signed(Int64)
  /// Of 64 bits.
  case signed64(Int64)
  /// Of type `unsigned`; the value must fit 32 bits.
  case unsigned(UInt64)
  /// Of 64 bits without sign.
  case unsigned64(UInt64)
  /// The nearest `float`, in the shortest decimal form that reads back as it.
  case float(Float)
  /// A `double`, likewise.
  case double(Double)
  /// A string of printable characters; others are escaped.
  case string(String)

  /// The text in C.
  var text: String {
    switch self {
    case .signed(let v): return v == -0x8000_0000 ? "(-2147483647 - 1)" : "\(v)"
    case .signed64(let v): return v == .min ? "(-9223372036854775807LL - 1)" : "\(v)LL"
    case .unsigned(let v): return "\(v)u"
    case .unsigned64(let v): return "\(v)ULL"
    case .float(let v):
      if v.isNaN { return "NAN" }
      if v.isInfinite { return v < 0 ? "-INFINITY" : "INFINITY" }
      return "\(v)f"
    case .double(let v):
      if v.isNaN { return "(double)NAN" }
      if v.isInfinite { return v < 0 ? "-(double)INFINITY" : "(double)INFINITY" }
      return "\(v)"
    case .string(let s): return Self.quoted(s)
    }
  }

  /// Whether the text starts with a sign or a cast, so that it binds like a unary operator.
  var isPrefixed: Bool {
    let text = text
    return text.hasPrefix("-") || text.hasPrefix("(double)")
  }

  /// Whether it takes a macro of `<math.h>`.
  var needsMath: Bool {
    switch self {
    case .float(let v): !v.isFinite
    case .double(let v): !v.isFinite
    default: false
    }
  }

  /// A C string; bytes outside printable ASCII become octal escapes, which end after three digits
  /// (hexadecimal ones would swallow digits that follow), and `?` is kept from forming trigraphs.
  private static func quoted(_ s: String) -> String {
    var text = "\""
    for byte in s.utf8 {
      switch byte {
      case 0x22, 0x5C: text += "\\" + String(UnicodeScalar(byte))
      case 0x3F: text += "\\?"
      case 0x20...0x7E: text += String(UnicodeScalar(byte))
      default:
        let octal = String(byte, radix: 8)
        text += "\\" + String(repeating: "0", count: 3 - octal.count) + octal
      }
    }
    return text + "\""
  }
}

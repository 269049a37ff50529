// SPDX-License-Identifier: Apache-2.0

extension JSONValue {
  /// The value on one line without spaces. Numbers that JSON cannot say (infinities, NaN) become
  /// `null`.
  public var compact: String {
    var out: [UInt8] = []
    write(to: &out, indent: nil)
    return String(decoding: out, as: UTF8.self)
  }

  /// The value over several lines, indented by two spaces, with a line break at the end; arrays of
  /// plain values stay on one line.
  public var pretty: String {
    var out: [UInt8] = []
    write(to: &out, indent: 0)
    out.append(0x0A)
    return String(decoding: out, as: UTF8.self)
  }

  private var isPlain: Bool {
    switch self {
    case .null, .bool, .integer, .number, .string: true
    case .array(let elements): elements.isEmpty
    case .object(let members): members.isEmpty
    }
  }

  private func write(to out: inout [UInt8], indent: Int?) {
    switch self {
    case .null: out += "null".utf8
    case .bool(let value): out += (value ? "true" : "false").utf8
    case .integer(let value): out += String(value).utf8
    case .number(let value): out += (value.isFinite ? "\(value)" : "null").utf8
    case .string(let text): Self.quote(text, to: &out)
    case .array(let elements):
      let flat = elements.allSatisfy(\.isPlain)
      let gap = indent == nil ? "," : ", "
      Self.list(elements, "[", "]", flat ? gap : ",", flat ? nil : indent, &out) { element, out in
        element.write(to: &out, indent: indent.map { $0 + 1 })
      }
    case .object(let members):
      Self.list(members, "{", "}", ",", indent, &out) { member, out in
        Self.quote(member.name, to: &out)
        out += (indent == nil ? ":" : ": ").utf8
        member.value.write(to: &out, indent: indent.map { $0 + 1 })
      }
    }
  }

  private static func list<Item>(
    _ items: [Item], _ open: String, _ close: String, _ separator: String, _ indent: Int?,
    _ out: inout [UInt8], _ write: (Item, inout [UInt8]) -> Void
  ) {
    out += open.utf8
    for (i, item) in items.enumerated() {
      if i > 0 { out += separator.utf8 }
      if let indent { newLine(indent + 1, &out) }
      write(item, &out)
    }
    if let indent, !items.isEmpty { newLine(indent, &out) }
    out += close.utf8
  }

  private static func newLine(_ indent: Int, _ out: inout [UInt8]) {
    out.append(0x0A)
    out.append(contentsOf: repeatElement(0x20, count: 2 * indent))
  }

  private static func quote(_ text: String, to out: inout [UInt8]) {
    out.append(UInt8(ascii: "\""))
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\":
        out.append(UInt8(ascii: "\\"))
        out.append(UInt8(scalar.value))
      case "\n": out += "\\n".utf8
      case "\r": out += "\\r".utf8
      case "\t": out += "\\t".utf8
      case _ where PrintableText.isUnsafe(scalar):
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16)
          out += ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8
        }
      default: out += String(scalar).utf8
      }
    }
    out.append(UInt8(ascii: "\""))
  }
}

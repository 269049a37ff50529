// SPDX-License-Identifier: Apache-2.0

/// Text as it may be shown: names come from files and from the command line, and a terminal obeys what it is sent.
public enum PrintableText {
  /// The most characters of one message; a longer one loses its middle.
  public static let messageLimit = 600
  /// The most characters of a file, layer or tensor that a message is about.
  public static let nameLimit = 200
  /// The most diagnostics that are shown at once, and the most notes of each.
  public static let listLimit = 20

  /// The text with everything escaped that is no plain character, space, tab or line break: control characters, what turns the
  /// direction of writing or breaks lines in secret, and what stands for bytes that were no UTF-8, each as `\u{hex}`.
  public static func escaped(_ text: String, keepsLines: Bool = true) -> String {
    guard !isPlain(text, keepsLines: keepsLines) else { return text }
    var shown = ""
    for scalar in text.unicodeScalars {
      if scalar == "\n", !keepsLines {
        shown += "\\n"
      } else if isUnsafe(scalar) {
        shown += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        shown.unicodeScalars.append(scalar)
      }
    }
    return shown
  }

  /// The text without its middle if it has more than `limit` characters, and how many those were.
  public static func shortened(_ text: String, to limit: Int) -> String {
    // Characters of one byte are the common case, and bytes are counted without a walk.
    guard text.utf8.count > limit else { return text }
    let scalars = text.unicodeScalars
    guard let start = scalars.index(scalars.startIndex, offsetBy: limit / 2, limitedBy: scalars.endIndex),
      let end = scalars.index(scalars.endIndex, offsetBy: -limit / 2, limitedBy: start)
    else { return text }
    let left = scalars.distance(from: start, to: end)
    guard left > 0 else { return text }
    return "\(String(scalars[..<start]))…(\(left) more characters)…\(String(scalars[end...]))"
  }

  /// A name or message as it is shown: on one line, escaped and not too long.
  static func line(_ text: String, limit: Int = nameLimit) -> String {
    shortened(escaped(text, keepsLines: false), to: limit)
  }

  /// The scalars that JSON text is shown with escaped as well.
  static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0A, 0x20..<0x7F: return false
    // What stands for bytes that were no UTF-8.
    case 0xFFFD: return true
    default: break
    }
    switch scalar.properties.generalCategory {
    // Marks and overrides of direction, and what is invisible, are formats.
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: return true
    default: return scalar.properties.isDefaultIgnorableCodePoint
    }
  }

  private static func isPlain(_ text: String, keepsLines: Bool) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      bytes.allSatisfy { $0 >= 0x20 && $0 < 0x7F || $0 == 0x09 || $0 == 0x0A && keepsLines }
    }
  }
}

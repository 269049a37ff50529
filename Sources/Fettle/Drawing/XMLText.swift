// SPDX-License-Identifier: Apache-2.0

/// Text inside of XML.
enum XMLText {
  /// The text with the characters that mean something to XML written as entities, and those that it forbids left out.
  static func escaped(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { out, c in
      switch c {
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "&": out += "&amp;"
      case "\"": out += "&quot;"
      case "\t", "\n", "\r": out += " "
      default:
        let isAllowed = c.value >= 0x20 && c.value != 0xFFFE && c.value != 0xFFFF
        if isAllowed { out.unicodeScalars.append(c) }
      }
    }
  }
}

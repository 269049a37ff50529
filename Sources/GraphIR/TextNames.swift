// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// How names stand in the text form: bare if they are plain words, quoted otherwise.
enum TextName {
  /// The name as the text form has it behind its `%` or `@`. A number is quoted: bare numbers are values without a name.
  static func text(_ name: String) -> String { isWord(name) ? name : quoted(name) }

  /// Letters, digits, `_`, `.` and `-`, the first a letter or `_`: what `AttributeScanner.word` takes.
  static func isWord(_ name: String) -> Bool {
    var isFirst = true
    for byte in name.utf8 {
      guard isWordByte(byte, first: isFirst) else { return false }
      isFirst = false
    }
    // A lone underscore is an absent operand.
    return !isFirst && name != "_"
  }

  static func isWordByte(_ c: UInt8, first: Bool) -> Bool {
    let isLetter = (c | 0x20) >= 0x61 && (c | 0x20) <= 0x7A || c == 0x5F
    return isLetter || !first && (c >= 0x30 && c <= 0x39 || c == 0x2D || c == 0x2E)
  }

  /// The name as a string with escapes; nothing invisible is left as it is.
  static func quoted(_ name: String) -> String { name.quoted }
}

/// Makes names unique by a number at the end, each in constant time.
struct UniqueNames: Sendable {
  private var taken: Set<String> = []
  private var numbers: [String: Int] = [:]

  /// The name itself if it is free, else with `_1`, `_2`… behind it.
  mutating func claim(_ wanted: String) -> String {
    var name = wanted
    while !taken.insert(name).inserted {
      let number = numbers[wanted, default: 0] + 1
      numbers[wanted] = number
      name = "\(wanted)_\(number)"
    }
    return name
  }
}

/// The names of a graph's values in its text form: the users' where there are some, numbers else.
struct ValueNames {
  private var texts = SideTable<ValueRecord, String>(default: "")
  /// The users' names as they are told apart; empty for a number.
  private var names = SideTable<ValueRecord, String>(default: "")

  init(_ graph: Graph) {
    var unique = UniqueNames()
    var number = 0
    func add(_ value: ValueID, to self: inout ValueNames) {
      let wish = graph.name(of: value)
      if wish.isEmpty {
        self.texts[value] = "%\(number)"
        number += 1
      } else {
        let name = unique.claim(wish)
        self.names[value] = name
        self.texts[value] = "%" + TextName.text(name)
      }
    }
    for port in graph.inputs { add(port.value, to: &self) }
    for op in graph.opIDs {
      for result in graph.results(of: op) { add(result, to: &self) }
    }
    for value in graph.constantIDs {
      texts[value] = "@" + TextName.text(graph.constant(value)?.name ?? "")
    }
  }

  /// With its `%` or `@`.
  func text(_ value: ValueID) -> String { texts[value] }
  /// Without, and without quotes; empty for a number.
  func name(_ value: ValueID) -> String { names[value] }
}

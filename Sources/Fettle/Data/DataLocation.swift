// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// Where samples are: a file, an array in it, some of its rows, as in `set.npz:x_train[:512]`.
struct DataLocation {
  let path: String
  /// The array; nil: the one that the description names, or the usual one.
  let array: String?
  /// The rows; nil: all.
  let rows: RowSelection?

  /// Reads what stands behind `--data`. A file of that very name is meant as a whole.
  init(_ text: String) throws(Failure) {
    var path = Substring(text)
    var rows: RowSelection?
    var array: String?
    if !Platform.exists(text) {
      if let open = Self.unclosedRows(path) {
        throw Failure(
          "'\(path[open...])' names no rows: the bracket is not closed",
          notes: ["rows are written as in [:512], [100:], [::2], [7] or [::2,label=0]"], kind: .usage)
      }
      if path.last == "]", let open = path.lastIndex(of: "[") {
        let inner = path[path.index(after: open)...].dropLast()
        rows = try RowSelection(String(inner))
        path = path[..<open]
      }
      if !Platform.exists(String(path)), let colon = path.lastIndex(of: ":"),
        colon > path.startIndex
      {
        let name = path[path.index(after: colon)...]
        if !name.isEmpty, !name.contains("/") {
          array = String(name)
          path = path[..<colon]
        }
      }
    }
    self.path = String(path)
    self.array = array
    self.rows = rows
  }

  /// Where rows begin whose bracket is not closed, behind a file that there is or an array in it.
  private static func unclosedRows(_ text: Substring) -> Substring.Index? {
    guard let open = text.lastIndex(of: "["), !text[open...].contains("]") else { return nil }
    let front = text[..<open]
    if Platform.exists(String(front)) { return open }
    guard let colon = front.lastIndex(of: ":") else { return nil }
    return Platform.exists(String(front[..<colon])) ? open : nil
  }
}

/// Some rows of an array: conditions that all have to hold, a range as in Python (`10:20`, `::2`,
/// `-100:`, `7`) or `label=3`, separated by commas. Behind `!` they are the rows that are left out.
struct RowSelection: Equatable {
  private enum Condition: Equatable {
    case range(start: Int?, end: Int?, step: Int)
    case label(Int)
  }

  private let conditions: [Condition]
  private let isInverted: Bool

  init(_ text: String) throws(Failure) {
    let body = text.hasPrefix("!") ? text.dropFirst() : Substring(text)
    isInverted = text.hasPrefix("!")
    var conditions: [Condition] = []
    for part in body.split(separator: ",", omittingEmptySubsequences: false) {
      guard let condition = Self.condition(part.filter { $0 != " " }) else {
        throw Failure(
          "'[\(text)]' names no rows",
          notes: ["rows are written as in [:512], [100:], [::2], [7] or [::2,label=0]"], kind: .usage)
      }
      conditions.append(condition)
    }
    self.conditions = conditions
  }

  private static func condition(_ text: String) -> Condition? {
    if text.hasPrefix("label=") { return Int(text.dropFirst(6)).map { .label($0) } }
    if let row = Int(text) {
      // −1 is the last row: nothing lies behind it.
      return .range(start: row, end: row == -1 ? nil : row.addingReportingOverflow(1).partialValue, step: 1)
    }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2 || parts.count == 3 else { return nil }
    var numbers: [Int?] = []
    for part in parts {
      let number = Int(part)
      guard number != nil || part.isEmpty else { return nil }
      numbers.append(number)
    }
    let step = numbers.count == 3 ? numbers[2] ?? 1 : 1
    return step > 0 ? .range(start: numbers[0], end: numbers[1], step: step) : nil
  }

  /// Whether rows are chosen by their labels.
  var needsLabels: Bool {
    conditions.contains { if case .label = $0 { true } else { false } }
  }

  /// The rows, in order.
  func rows(of count: Int, labels: [Int]?) -> [Int] {
    func bound(_ place: Int?, _ none: Int) -> Int {
      guard let place else { return none }
      return place < 0 ? max(place, -count) + count : min(place, count)
    }
    return (0..<count).filter { row in
      let isMeant = conditions.allSatisfy { condition in
        switch condition {
        case .range(let start, let end, let step):
          let first = bound(start, 0)
          return row >= first && row < bound(end, count) && (row - first) % step == 0
        case .label(let label): return labels?[row] == label
        }
      }
      return isMeant != isInverted
    }
  }
}

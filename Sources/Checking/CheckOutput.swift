// SPDX-License-Identifier: Apache-2.0

/// The lines of a stream, white space brought to single spaces so that it does not count.
struct CheckOutput {
  let lines: [String]
  private let original: [String]

  init(_ text: String) {
    original = Checking.lines(of: text)
    lines = original.map(Self.normalized)
  }

  /// A hit in a line: its bytes, and what the named groups matched.
  struct Hit {
    var range: Range<Int>
    var captures: [String: String]
  }

  /// The first match in a line that begins at byte `from` or later and ends by byte `bound`.
  func search(
    _ line: Int, from: Int, upTo bound: Int, _ wanted: CheckPattern.Search
  ) -> Hit? {
    let text = lines[line].utf8
    guard let start = text.index(text.startIndex, offsetBy: from, limitedBy: text.endIndex) else {
      return nil
    }
    let end =
      text.index(start, offsetBy: max(0, bound - from), limitedBy: text.endIndex) ?? text.endIndex
    switch wanted {
    case .literal(let bytes):
      let rest = Array(text[start..<end])
      guard bytes.count <= rest.count else { return nil }
      for i in 0...(rest.count - bytes.count)
      where rest[i..<i + bytes.count].elementsEqual(bytes) {
        return Hit(range: from + i..<from + i + bytes.count, captures: [:])
      }
      return nil
    case .regex(let regex):
      guard let match = try? regex.firstMatch(in: lines[line][start..<end]) else { return nil }
      let range = match.range
      let first = text.distance(from: text.startIndex, to: range.lowerBound)
      let last = text.distance(from: text.startIndex, to: range.upperBound)
      var captures: [String: String] = [:]
      for element in match.output {
        if let name = element.name, let value = element.substring { captures[name] = String(value) }
      }
      return Hit(range: first..<last, captures: captures)
    }
  }

  /// A line with its number, as it was written.
  func quoted(_ line: Int) -> String {
    let text = original[line]
    return "output line \(line + 1): " + (text.count > 200 ? text.prefix(200) + "…" : text[...])
  }

  /// The lines around a place, for a report.
  func around(_ line: Int) -> [String] {
    if original.isEmpty { return ["there is no output"] }
    let last = min(original.count, line + 4)
    return (max(0, min(line, original.count) - 1)..<last).map { quoted($0) }
  }

  /// The line that shares most words with the literal part of a pattern, if it shares half of them.
  func nearest(to pattern: CheckPattern, from start: Int, upTo bound: Int) -> Int? {
    let words = Set(pattern.literalWords)
    guard !words.isEmpty else { return nil }
    var best: (line: Int, score: Int)?
    for line in start..<max(start, min(lines.count, bound, start + 10_000)) {
      let own = Set(
        lines[line].split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") }
          .map(String.init))
      let score = words.intersection(own).count
      if score * 2 >= words.count, score > best?.score ?? 0 { best = (line, score) }
    }
    return best?.line
  }

  private static func normalized(_ line: String) -> String {
    var result = ""
    for c in line.unicodeScalars {
      if c == " " || c == "\t" {
        if !result.isEmpty, result.unicodeScalars.last != " " { result.append(" ") }
      } else {
        result.unicodeScalars.append(c)
      }
    }
    if result.hasSuffix(" ") { result.removeLast() }
    return result
  }
}

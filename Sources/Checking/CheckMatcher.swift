// SPDX-License-Identifier: Apache-2.0

/// Holds one stream of output against the directives for it, in their order.
struct CheckMatcher {
  /// A place in the output: a line from 0 and a byte of it.
  struct Place: Comparable {
    var line = 0
    var column = 0
    static func < (a: Place, b: Place) -> Bool {
      a.line != b.line ? a.line < b.line : a.column < b.column
    }
  }

  private let output: CheckOutput
  private var variables: [String: String] = [:]
  /// Behind the last match.
  private var place = Place()
  private var hasMatched = false
  /// The end of the block: the line of the next label.
  private var limit = Place()
  /// The CHECK-NOTs that wait for the next match, which ends their range.
  private var forbidden: [CheckDirective] = []
  private var findings: [(directive: CheckDirective, message: String, excerpt: [String], suggestion: String?)] = []

  /// What is wrong with `output`, as far as these directives are concerned.
  static func findings(
    _ directives: [CheckDirective], in output: CheckOutput
  ) -> [(directive: CheckDirective, message: String, excerpt: [String], suggestion: String?)] {
    var matcher = CheckMatcher(output: output)
    matcher.match(directives)
    return matcher.findings
  }

  private init(output: CheckOutput) { self.output = output }

  private var end: Place { Place(line: output.lines.count, column: 0) }

  private mutating func match(_ directives: [CheckDirective]) {
    // Labels first: each is looked for behind the one before, and bounds what stands between.
    var labels: [Place] = []
    for directive in directives where directive.kind == .label {
      limit = end
      guard let found = search(directive.pattern, from: place) else {
        report(directive, "not found", from: place)
        return
      }
      labels.append(Place(line: found.start.line, column: 0))
      place = found.end
    }
    place = Place()
    var blocks = (labels + [end])[...]
    limit = blocks.removeFirst()
    // After a miss the rest of the block would only fail in turn.
    var skipping = false
    for directive in directives {
      if directive.kind == .label {
        if !skipping { settleForbidden(upTo: limit) }
        forbidden = []
        place = limit
        limit = blocks.popFirst() ?? end
        if let found = search(directive.pattern, from: place) { place = found.end }
        hasMatched = true
        skipping = false
      } else if !skipping {
        skipping = !step(directive)
      }
    }
    if !skipping { settleForbidden(upTo: limit) }
  }

  /// Matches one directive that is no label; false if it is not met.
  private mutating func step(_ directive: CheckDirective) -> Bool {
    for name in directive.pattern.references where variables[name] == nil {
      let message = "\(directive.name): the variable '\(name)' has no value here"
      findings.append((directive, message, [], nil))
      return false
    }
    switch directive.kind {
    case .label: return true
    case .not:
      forbidden.append(directive)
      return true
    case .plain: return take(directive, from: place, upTo: limit, "not found")
    case .count(let n):
      for i in 0..<n {
        let message = "found \(i) of \(n) times"
        guard take(directive, from: place, upTo: limit, message) else { return false }
      }
      return true
    case .next, .same:
      guard hasMatched else {
        findings.append((directive, "\(directive.name) has no match before it to refer to", [], nil))
        return false
      }
      let next = Place(line: place.line + 1, column: 0)
      return directive.kind == .next
        ? take(
          directive, from: min(next, limit), upTo: min(Place(line: next.line + 1), limit),
          "not on the next line")
        : take(directive, from: place, upTo: min(next, limit), "not on the same line")
    }
  }

  private mutating func take(
    _ directive: CheckDirective, from start: Place, upTo bound: Place, _ message: String
  ) -> Bool {
    let wholeBlock = limit
    limit = bound
    let found = search(directive.pattern, from: start)
    limit = wholeBlock
    guard let found else {
      report(directive, message, from: start)
      return false
    }
    settleForbidden(upTo: found.start)
    variables.merge(found.captures) { $1 }
    place = found.end
    hasMatched = true
    return true
  }

  /// Holds the waiting CHECK-NOTs against what lies between the last match and `bound`.
  private mutating func settleForbidden(upTo bound: Place) {
    for directive in forbidden {
      let wholeBlock = limit
      limit = bound
      if let found = search(directive.pattern, from: place) {
        findings.append(
          (
            directive, "\(directive.name): found what must not be there: \(directive.pattern.text)",
            [output.quoted(found.start.line)], nil
          ))
      }
      limit = wholeBlock
    }
    forbidden = []
  }

  private mutating func report(_ directive: CheckDirective, _ what: String, from start: Place) {
    var excerpt: [String] = []
    if let near = output.nearest(to: directive.pattern, from: start.line, upTo: limit.line) {
      excerpt.append("probably meant: " + output.quoted(near))
    }
    excerpt += output.around(start.line)
    let values = directive.pattern.references.compactMap { name in
      variables[name].map { "with \(name) = \($0)" }
    }
    findings.append(
      (directive, "\(directive.name): \(what): \(directive.pattern.text)", values + excerpt,
        suggestion(for: directive, from: start)))
  }

  /// The line of output that a literal directive must have meant: the next one, or the one most like it.
  private func suggestion(for directive: CheckDirective, from start: Place) -> String? {
    guard directive.pattern.isLiteral else { return nil }
    let line: Int?
    switch directive.kind {
    case .next: line = start.line < limit.line ? start.line : nil
    case .plain: line = output.nearest(to: directive.pattern, from: start.line, upTo: limit.line)
    case .same, .not, .label, .count: line = nil
    }
    guard let line, output.lines.indices.contains(line) else { return nil }
    let text = trimmed(output.lines[line])
    return text.isEmpty ? nil : text
  }

  /// The first match between `start` and `limit`.
  private func search(
    _ pattern: CheckPattern, from start: Place
  ) -> (start: Place, end: Place, captures: [String: String])? {
    let wanted = pattern.resolved(variables)
    var line = start.line
    while line < output.lines.count, line <= limit.line {
      let from = line == start.line ? start.column : 0
      let bound = line == limit.line ? limit.column : Int.max
      // A `{{^…}}` is about the line, not about what is left of it behind a match.
      if bound > 0, from == 0 || !pattern.isAnchored,
        let hit = output.search(line, from: from, upTo: bound, wanted) {
        let captures = Dictionary(
          pattern.captures.map { ($0, hit.captures[$0] ?? "") }, uniquingKeysWith: { $1 })
        return (
          Place(line: line, column: hit.range.lowerBound),
          Place(line: line, column: hit.range.upperBound), captures
        )
      }
      line += 1
    }
    return nil
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

// What takes the place of the pattern's root.
//
//     constant ::= '@' name '=' element '[' expressions ']' '[' expressions '...'? ']'
//     op       ::= '%' name (',' '%' name)* '=' word operands? attributes? (':' type (',' type)*)?
//     same     ::= '%' name '=' ('%' | '@') name
//     attributes ::= '{' ('...' '%' name ',')? (name '=' expression) (',' …)* '}'
extension RuleParser {
  /// Names of the replacement, and which of the root's results have got a successor.
  private struct Scope {
    var replacement = RuleReplacement()
    var made: [String: RuleReplacement.Source] = [:]
    var results: [RuleReplacement.Source?]
  }

  mutating func replacement() throws(Failure) -> RuleReplacement {
    let root = pattern.ops[pattern.root].results
    var scope = Scope(results: Array(repeating: nil, count: root.count))
    let start = offset
    try tokens.expect("{")
    while !tokens.take("}") {
      guard let first = tokens.peek() else {
        throw failure("the replacement is not closed: expected '}'", at: start)
      }
      guard first == 0x25 || first == 0x40 else {
        throw tokens.failure("expected an op, as in '%y = unary %x', or '}'")
      }
      guard scope.replacement.lines.count < Self.lineLimit else {
        throw tokens.failure("a replacement has at most \(Self.lineLimit) ops")
      }
      nesting = 0
      if first == 0x40 { try constantLine(&scope) } else { try opLine(&scope) }
    }
    for (slot, source) in zip(root, scope.results) where source == nil {
      throw failure(
        "the replacement does not define '%\(pattern.values[slot].name)', the result of the pattern's last op", at: start)
    }
    scope.replacement.results = scope.results.compactMap { $0 }
    return scope.replacement
  }

  /// `@c = f32[1, $n] [2 * splat(@a) ...]`.
  private mutating func constantLine(_ scope: inout Scope) throws(Failure) {
    let start = offset
    let name = try name(after: "@")
    guard values[name] == nil, scope.made["@" + name] == nil else {
      throw failure("'@\(name)' is defined twice", at: start)
    }
    try tokens.expect("=")
    let element = try constantElement()
    let extents = try entries(of: .int)
    let listStart = offset
    var elements = try entries(of: .number)
    if elements.isEmpty { throw failure("the elements of the constant are missing", at: listStart) }
    // Without dots, several elements stand for themselves; one counts for all in any case.
    if case .list(let inner, _) = elements[0], elements.count == 1 { elements = inner }
    scope.made["@" + name] = .made(line: scope.replacement.lines.count, position: 0)
    scope.replacement.lines.append(
      .constant(
        name: name, RuleReplacement.TypeExpression(element: element, extents: .list(extents, isWords: false)),
        elements))
  }

  private mutating func constantElement() throws(Failure) -> RuleReplacement.TypeExpression.Element {
    let start = offset
    if tokens.peek() == 0x24 {
      let name = try name(after: "$")
      guard let slot = attributes[name] else {
        throw failure("'$\(name)' is not bound", at: start)
      }
      guard RuleKind.element.takes(pattern.attributes[slot].kind) else {
        throw failure("'$\(name)' is \(pattern.attributes[slot].kind.text), not an element type", at: start)
      }
      return .attribute(slot)
    }
    let word = expressionWord() ?? ""
    guard let element = ElementType(rawValue: word) else {
      throw failure(
        "'\(word)' is no element type", at: start,
        notes: Spelling.notes(for: word, among: ElementType.allCases.map(\.rawValue)))
    }
    return .exactly(element)
  }

  /// `[a, b]` or `[a ...]`: expressions of a kind.
  private mutating func entries(of kind: RuleKind) throws(Failure) -> [RuleExpression] {
    var entries: [RuleExpression] = []
    try tokens.expect("[")
    if tokens.take("]") { return entries }
    repeat {
      let start = offset
      let (expression, found) = try expression()
      guard kind.takes(found) else {
        throw failure("expected \(kind.text), but this is \(found.text)", at: start)
      }
      entries.append(expression)
      if entries.count == 1, kind == .number, tokens.take("...") { break }
    } while tokens.take(",") && entries.count < 256
    try tokens.expect("]")
    return entries
  }

  private mutating func opLine(_ scope: inout Scope) throws(Failure) {
    var names: [(name: String, offset: Int)] = []
    repeat {
      let start = offset
      let name = try name(after: "%")
      try checkNew(name, names.map(\.name), scope, at: start)
      names.append((name, start))
    } while tokens.take(",")
    try tokens.expect("=")
    if names.count == 1, let first = tokens.peek(), first == 0x25 || first == 0x40 {
      try define(names[0].name, as: try source(scope), in: &scope, at: names[0].offset)
      return
    }
    let (kind, start) = try opKind()
    var op = try replacementOp(kind, scope, at: start)
    op.resultCount = names.count
    let line = scope.replacement.lines.count
    scope.replacement.lines.append(.op(op))
    for (position, (name, start)) in names.enumerated() {
      try define(name, as: .made(line: line, position: position), in: &scope, at: start)
    }
  }

  /// A name on the left: new, or a result of the root.
  private func checkNew(
    _ name: String, _ before: [String], _ scope: Scope, at start: Int
  ) throws(Failure) {
    if let slot = values[name], !isRoot(slot) {
      throw failure(
        "'%\(name)' stands for something in the pattern already", at: start,
        notes: ["only the results of the pattern's last op are replaced"])
    }
    guard scope.made["%" + name] == nil, !before.contains(name) else {
      throw failure("'%\(name)' is defined twice", at: start)
    }
  }

  private func isRoot(_ slot: Int) -> Bool { pattern.ops[pattern.root].results.contains(slot) }

  private mutating func define(
    _ name: String, as source: RuleReplacement.Source, in scope: inout Scope, at start: Int
  ) throws(Failure) {
    if let slot = values[name] {
      let position = pattern.ops[pattern.root].results.firstIndex(of: slot) ?? 0
      scope.results[position] = source
    } else if case .matched = source {
      throw failure(
        "'%\(name)' is no result of the pattern's last op: only those can be another tensor", at: start)
    }
    scope.made["%" + name] = source
  }

  /// A tensor that the pattern has bound or the replacement has made.
  private mutating func source(_ scope: Scope) throws(Failure) -> RuleReplacement.Source {
    let start = offset
    let sigil = tokens.peek() == 0x40 ? "@" : "%"
    let name = try name(after: sigil)
    if let source = scope.made[sigil + name] { return source }
    move(to: start)
    if let slot = values[name], isRoot(slot) {
      throw failure("the replacement reads '%\(name)', which it replaces", at: start)
    }
    guard values[name] != nil else {
      let known = (pattern.values.map(\.name) + scope.made.keys.map { String($0.dropFirst()) }).sorted()
      throw failure(
        "'\(sigil)\(name)' is not bound", at: start, notes: Spelling.notes(for: name, among: known))
    }
    return .matched(try boundValue())
  }

  private mutating func replacementOp<Op: OpDefinition>(
    _ kind: Op.Type, _ scope: Scope, at start: Int
  ) throws(Failure) -> RuleReplacement.Op {
    var op = RuleReplacement.Op(
      template: TypedTemplate<Op>(), settings: [], operands: [], types: [], resultCount: 1)
    if let first = peekOnLine(), [0x25, 0x40, 0x5F].contains(first) {
      repeat {
        if tokens.peek() == 0x5F, takeWord("_") {
          op.operands.append(nil)
        } else if tokens.peek() == 0x25 || tokens.peek() == 0x40 {
          op.operands.append(try source(scope))
          _ = peekOnLine() == 0x3F && tokens.take("?")
        } else {
          throw tokens.failure(
            "expected '%value', '@constant' or '_'",
            notes: ["a new constant is a line of its own, as in '@c = f32[] [0.5]'"])
        }
      } while tokens.take(",")
    }
    try checkCount(op.operands.count, of: kind, at: start)
    if peekOnLine() == 0x7B, tokens.take("{"), !tokens.take("}") { try settings(kind, &op) }
    if tokens.take(":") {
      repeat { op.types.append(try boundType()) } while tokens.take(",")
    }
    return op
  }

  private mutating func settings<Op: OpDefinition>(
    _ kind: Op.Type, _ op: inout RuleReplacement.Op
  ) throws(Failure) {
    var seen: Set<Int> = []
    var template = TypedTemplate<Op>()
    repeat {
      if seen.isEmpty, op.base == nil, tokens.take("...") {
        op.base = try baseOp(kind)
        continue
      }
      let field = try attributeName(kind, &seen)
      try tokens.expect("=")
      let wanted = RuleKind(of: Op.fields[field].valueType)
      // A word, or a value of a type of its own, is read as the text form has it.
      if case .word = wanted, tokens.peek() != 0x24 {
        var literal = Op()
        try Op.fields[field].parse(&literal, &tokens)
        template.fix(field, [literal])
        continue
      }
      let start = offset
      let (value, found) = try expression()
      guard wanted.takes(found) else {
        throw failure(
          "attribute '\(Op.fields[field].name)' is \(wanted.text), but this is \(found.text)", at: start)
      }
      op.settings.append(RuleReplacement.Setting(field: field, value: value))
    } while tokens.take(",")
    try tokens.expect("}")
    op.template = template
  }

  /// The op of the pattern behind `...`.
  private mutating func baseOp<Op: OpDefinition>(_ kind: Op.Type) throws(Failure) -> Int {
    let start = offset
    let slot = try boundValue()
    guard case .result(let op, _) = pattern.values[slot].role else {
      throw failure("'\(pattern.values[slot].name)' is not the result of an op of the pattern", at: start)
    }
    guard pattern.ops[op].template.kind == kind else {
      throw failure(
        "'%\(pattern.values[slot].name)' is the result of \(pattern.ops[op].template.kind.name), "
          + "whose attributes \(Op.name) does not have", at: start)
    }
    return op
  }

  /// A type in which no hole is new.
  private mutating func boundType() throws(Failure) -> TypePattern {
    let start = offset
    let count = pattern.attributes.count
    let type = try typePattern()
    guard pattern.attributes.count == count else {
      throw failure("'$\(pattern.attributes[count].name)' is not bound", at: start)
    }
    return type
  }
}

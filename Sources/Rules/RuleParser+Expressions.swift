// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors

// Conditions and arithmetic. An operator stands on the line of what is in front of it: the end of a line ends an expression.
//
//     where      ::= '{' (condition | '$' name '=' expression)* '}', separated by ',' or the end of a line
//     condition  ::= expression ('else' string)?
//     expression ::= both ('or' both)*
//     both       ::= truth ('and' truth)*
//     truth      ::= 'not' truth | sum (('==' | '!=' | '<=' | '>=' | '<' | '>' | 'in') sum)?
//     sum        ::= product (('+' | '-') product)*
//     product    ::= factor (('*' | '/') factor)*
//     factor     ::= '-' factor | number | '%' name | '@' name | '$' name | '[' (expression (',' expression)*)? ']'
//                  | word | string | function '(' (expression (',' expression)*)? ')' | '(' expression ')'
extension RuleParser {
  /// An expression with its kind.
  typealias Typed = (expression: RuleExpression, kind: RuleKind)

  /// The most that expressions may nest, operators of one chain counted.
  private static let nestingLimit = 100

  mutating func conditions() throws(Failure) -> [Rule.Step] {
    var steps: [Rule.Step] = []
    try tokens.expect("{")
    while !tokens.take("}") {
      guard steps.count < Self.lineLimit else {
        throw tokens.failure("a rule has at most \(Self.lineLimit) conditions")
      }
      steps.append(try step())
      _ = tokens.take(",")
    }
    return steps
  }

  private mutating func step() throws(Failure) -> Rule.Step {
    let start = offset
    nesting = 0
    if tokens.peek() == 0x24 {
      let name = try name(after: "$")
      let isSame = bytes[offset...].starts(with: [0x3D, 0x3D])
      if !isSame, tokens.take("=") {
        guard attributes[name] == nil else {
          throw failure(
            "'$\(name)' is bound already", at: start,
            notes: ["it first stands at \(place(attributeOffsets[attributes[name] ?? 0]))"])
        }
        let (expression, kind) = try expression()
        return .bind(slot: try attributeHole(name, kind, at: start), expression)
      }
      move(to: start)
    }
    let (condition, kind) = try expression()
    guard kind == .bool else {
      throw failure("a condition is true or false, but this is \(kind.text)", at: start)
    }
    let text = String(decoding: bytes[start..<tokens.offset], as: UTF8.self)
    var reason = "'\(text.split(whereSeparator: \.isWhitespace).joined(separator: " "))' does not hold"
    if takeWord("else") { reason = try tokens.string() }
    return .require(condition, reason: reason)
  }

  // MARK: Operators

  mutating func expression() throws(Failure) -> Typed {
    try nest()
    defer { nesting -= 1 }
    var left = try both()
    var count = 0
    defer { nesting -= count }
    while takeOnLine(word: "or") {
      count += 1
      try nest()
      let start = offset
      let right = try both()
      try requireTruths(left.kind, right.kind, "or", at: start)
      left = (.either(left.expression, right.expression), .bool)
    }
    return left
  }

  private mutating func both() throws(Failure) -> Typed {
    var left = try truth()
    // A chain is a tree as deep as it is long.
    var count = 0
    defer { nesting -= count }
    while takeOnLine(word: "and") {
      count += 1
      try nest()
      let start = offset
      let right = try truth()
      try requireTruths(left.kind, right.kind, "and", at: start)
      left = (.both(left.expression, right.expression), .bool)
    }
    return left
  }

  private func requireTruths(
    _ a: RuleKind, _ b: RuleKind, _ word: String, at start: Int
  ) throws(Failure) {
    guard let other = [a, b].first(where: { $0 != .bool }) else { return }
    throw failure("'\(word)' joins conditions, but one side is \(other.text)", at: start)
  }

  private mutating func truth() throws(Failure) -> Typed {
    try nest()
    defer { nesting -= 1 }
    if takeWord("not") {
      let start = offset
      let (inner, kind) = try truth()
      guard kind == .bool else {
        throw failure("'not' takes a condition, but this is \(kind.text)", at: start)
      }
      return (.not(inner), .bool)
    }
    let left = try sum()
    let start = offset
    guard let comparison = takeComparison() else { return left }
    let right = try sum()
    guard Self.compares(left.kind, comparison, right.kind) else {
      throw mismatch(left.kind, comparison.rawValue, right.kind, at: start)
    }
    return (.compare(comparison, left.expression, right.expression), .bool)
  }

  private mutating func takeComparison() -> RuleExpression.Comparison? {
    RuleExpression.Comparison.allCases.first { comparison in
      comparison == .contained ? takeOnLine(word: "in") : takeOnLine(comparison.rawValue)
    }
  }

  private static func compares(
    _ a: RuleKind, _ comparison: RuleExpression.Comparison, _ b: RuleKind
  ) -> Bool {
    switch comparison {
    case .equal, .notEqual: return a.compares(with: b)
    case .lessOrEqual, .greaterOrEqual, .less, .greater: return a.isScalar && b.isScalar
    case .contained:
      switch (a, b) {
      case (.word(let known), .words(let given)), (.words(let known), .words(let given)):
        return known.isEmpty || given.allSatisfy(known.contains)
      default: return (a.isScalar || a.isList) && b.isList
      }
    }
  }

  /// What is wrong with the two sides of an operator.
  private func mismatch(
    _ a: RuleKind, _ sign: String, _ b: RuleKind, at start: Int
  ) -> Failure {
    if case .word(let known) = a {
      let given: [String] = if case .word(let one) = b { one } else if case .words(let all) = b { all } else { [] }
      if let wrong = given.first(where: { !known.contains($0) }), !known.isEmpty {
        return failure(
          "'\(wrong)' is none of the words that stand here", at: start,
          notes: Spelling.notes(for: wrong, among: known))
      }
    }
    return failure("'\(sign)' does not take \(a.text) and \(b.text)", at: start)
  }

  private mutating func sum() throws(Failure) -> Typed {
    var left = try product()
    var count = 0
    defer { nesting -= count }
    while true {
      let start = offset
      let operation: RuleArithmetic
      if takeOnLine("+") { operation = .add } else if takeOnLine("-") { operation = .subtract } else { return left }
      count += 1
      try nest()
      left = try arithmetic(operation, left, try product(), at: start)
    }
  }

  private mutating func product() throws(Failure) -> Typed {
    var left = try factor()
    var count = 0
    defer { nesting -= count }
    while true {
      let start = offset
      let operation: RuleArithmetic
      if takeOnLine("*") { operation = .multiply } else if takeOnLine("/") { operation = .divide } else { return left }
      count += 1
      try nest()
      left = try arithmetic(operation, left, try factor(), at: start)
    }
  }

  private func arithmetic(
    _ operation: RuleArithmetic, _ a: Typed, _ b: Typed, at start: Int
  ) throws(Failure) -> Typed {
    guard let kind = operation.kind(a.kind, b.kind) else {
      throw failure("'\(operation.rawValue)' does not take \(a.kind.text) and \(b.kind.text)", at: start)
    }
    return (.arithmetic(operation, a.expression, b.expression), kind)
  }

  // MARK: Operands

  private mutating func factor() throws(Failure) -> Typed {
    try nest()
    defer { nesting -= 1 }
    let start = offset
    switch tokens.peek() {
    case 0x2D:
      _ = tokens.take("-")
      let inner = try factor()
      if case .literal(.int(let value)) = inner.expression { return (.literal(.int(-value)), .int) }
      if case .literal(.number(let value)) = inner.expression { return (.literal(.number(-value)), .number) }
      return try arithmetic(.subtract, (.literal(.int(0)), .int), inner, at: start)
    case 0x24:
      let name = try name(after: "$")
      guard let slot = attributes[name] else {
        throw failure(
          "'$\(name)' is not bound", at: start,
          notes: Spelling.notes(for: name, among: pattern.attributes.map(\.name)))
      }
      return (.attribute(slot), pattern.attributes[slot].kind)
    case 0x25, 0x40: return (.value(try boundValue()), .value)
    case 0x5B: return try list()
    case 0x28:
      _ = tokens.take("(")
      let inner = try expression()
      try tokens.expect(")")
      return inner
    case 0x22:
      let word = try tokens.string()
      return (.literal(.word(word)), .word([word]))
    case .some(let c) where c >= 0x30 && c <= 0x39 || c == 0x2E: return try number()
    default: break
    }
    guard let word = expressionWord() else {
      throw tokens.failure("expected an expression")
    }
    switch word {
    case "true", "false": return (.literal(.bool(word == "true")), .bool)
    case "inf": return (.literal(.number(.infinity)), .number)
    default: break
    }
    if peekOnLine() == 0x28 { return try call(word, at: start) }
    return (.literal(.word(word)), .word([word]))
  }

  private mutating func number() throws(Failure) -> Typed {
    let start = offset
    let number = try tokens.number()
    let text = bytes[start..<tokens.offset]
    let isDigits = text.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
    guard isDigits else { return (.literal(.number(number)), .number) }
    guard let integer = Int(String(decoding: text, as: UTF8.self)) else {
      throw failure("the integer is too large", at: start)
    }
    return (.literal(.int(integer)), .int)
  }

  /// The tensor that a name of the pattern stands for.
  mutating func boundValue() throws(Failure) -> Int {
    let start = offset
    let isConstant = tokens.peek() == 0x40
    let name = try name(after: isConstant ? "@" : "%")
    guard let slot = values[name] else {
      throw failure(
        "'\(isConstant ? "@" : "%")\(name)' is not bound", at: start,
        notes: Spelling.notes(for: name, among: pattern.values.map(\.name)))
    }
    if isConstant {
      guard case .constant = pattern.values[slot].role else {
        throw failure("'\(name)' is '%\(name)' in the pattern", at: start)
      }
    } else if case .constant = pattern.values[slot].role {
      throw failure("'\(name)' is '@\(name)' in the pattern", at: start)
    }
    return slot
  }

  private mutating func list() throws(Failure) -> Typed {
    let start = offset
    try tokens.expect("[")
    var entries: [Typed] = []
    if !tokens.take("]") {
      repeat { entries.append(try expression()) } while tokens.take(",") && entries.count < 256
      try tokens.expect("]")
    }
    var words: [String] = []
    for entry in entries {
      if case .word(let word) = entry.kind, word.count == 1 { words += word }
    }
    if !entries.isEmpty, words.count == entries.count {
      return (.list(entries.map(\.expression), isWords: true), .words(words))
    }
    guard entries.allSatisfy({ $0.kind.isScalar }) else {
      throw failure("the entries of a list are integers, numbers, or words", at: start)
    }
    let isNumber = entries.contains { $0.kind == .number }
    return (.list(entries.map(\.expression), isWords: false), isNumber ? .numbers : .ints)
  }

  private mutating func call(_ name: String, at start: Int) throws(Failure) -> Typed {
    try tokens.expect("(")
    var arguments: [Typed] = []
    if !tokens.take(")") {
      repeat { arguments.append(try expression()) } while tokens.take(",") && arguments.count < 16
      try tokens.expect(")")
    }
    let kinds = arguments.map(\.kind)
    let expressions = arguments.map(\.expression)
    if name == "if" {
      guard kinds.count == 3, kinds[0] == .bool,
        let kind = kinds[1] == kinds[2] ? kinds[1] : kinds[1].joined(with: kinds[2]),
        kind.isScalar == kinds[1].isScalar, kind.isScalar == kinds[2].isScalar
      else { throw failure("'if' takes a condition and two values of one kind", at: start) }
      return (.choice(expressions[0], expressions[1], expressions[2]), kind)
    }
    guard let function = RuleFunction.all.first(where: { $0.name == name }) else {
      throw failure(
        "there is no function '\(name)'", at: start,
        notes: Spelling.notes(for: name, among: RuleFunction.all.map(\.name) + ["if"]))
    }
    guard let kind = function.kind(of: kinds) else {
      let given = kinds.map(\.text).joined(separator: ", ")
      throw failure(
        "\(name) does not take \(given.isEmpty ? "nothing" : given)", at: start,
        notes: ["it is \(name)(\(function.form)): \(function.summary)"])
    }
    return (.call(function, expressions), kind)
  }

  // MARK: Small things

  private mutating func nest() throws(Failure) {
    nesting += 1
    guard nesting <= Self.nestingLimit else {
      throw tokens.failure("the expression is nested too deeply")
    }
  }

  /// Takes an operator if it stands on the line.
  private mutating func takeOnLine(_ sign: String) -> Bool {
    guard let next = peekOnLine(), next == sign.utf8.first else { return false }
    return tokens.take(sign)
  }

  private mutating func takeOnLine(word: String) -> Bool {
    guard let next = peekOnLine(), next == word.utf8.first else { return false }
    return takeWord(word)
  }
}

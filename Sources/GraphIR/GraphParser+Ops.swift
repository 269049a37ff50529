// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors

// The lines of a graph's body.
extension GraphParser {
  /// `@w = f32[2] [1, 2]`.
  mutating func constantLine() throws(Failure) {
    let start = offset
    let name = try name(after: "@")
    if constants[name] != nil { throw failure("'@\(name.text)' is defined twice", at: start) }
    constants[name] = .broken
    try tokens.expect("=")
    let declared = try typeAndStatistics()
    let tensor = try content(declared.type)
    let value = graph.internConstant(tensor, name: name.text)
    if let statistics = declared.statistics { graph.values[value].statistics = statistics }
    constants[name] = .value(value)
    places[value] = start
  }

  /// `%a, %b = op %x, _, @w {field=value} : type, type loc("layer")`.
  mutating func opLine() throws(Failure) {
    let start = offset
    var results: [(name: Name, offset: Int)] = []
    if tokens.peek() == 0x25 {
      repeat {
        let start = offset
        let result = try name(after: "%")
        try checkNew(result, at: start)
        guard !results.contains(where: { $0.name == result }) else {
          throw failure("'%\(result.text)' is defined twice", at: start)
        }
        results.append((result, start))
      } while tokens.take(",")
    }
    do throws(Failure) {
      if !results.isEmpty { try tokens.expect("=") }
      guard let made = try operation(results: results.count, at: start) else {
        for result in results { values[result.name] = .broken }
        return
      }
      for (result, value) in zip(results, made) {
        try define(result.name, as: value, at: result.offset)
        graph.values[value].name = result.name.isNumber ? "" : result.name.text
      }
    } catch {
      for result in results where values[result.name] == nil { values[result.name] = .broken }
      throw error
    }
  }

  /// The op behind `=`: its results, or nil if one of its operands is broken.
  private mutating func operation(
    results: Int, at start: Int
  ) throws(Failure) -> [ValueID]? {
    let opStart = offset
    let mnemonic = try tokens.word()
    guard let kind = ops[mnemonic] else {
      throw failure(
        "there is no op '\(mnemonic)'", at: opStart,
        notes: Spelling.notes(for: mnemonic, among: ops.kinds.map { $0.name }))
    }
    var (operands, isBroken) = try operands()
    while case .some(.none) = operands.last { operands.removeLast() }
    try refuseBlocks()
    let definition = try attributes(kind)
    try refuseBlocks()
    let typesStart = offset
    var declared: [(type: TensorType, statistics: ChannelStatistics?)] = []
    if results > 0 {
      guard tokens.take(":") else { throw tokens.failure("expected ':' and the type of the result") }
      repeat { declared.append(try typeAndStatistics()) } while tokens.take(",")
    }
    let location = try location()
    if isBroken { return nil }
    let types: [TensorType]
    do throws(TypeMismatch) {
      types = try definition.resultTypes(
        ofSlots: operands.map { $0.map { graph.type(of: $0) } })
    } catch {
      throw failure("\(mnemonic): \(error.description)", at: opStart)
    }
    guard types.count == results else {
      throw failure("\(mnemonic) has \(types.count) results, not \(results)", at: start)
    }
    guard types == declared.map(\.type) else {
      let given = declared.map(\.type.description).joined(separator: ", ")
      let made = types.map(\.description).joined(separator: ", ")
      throw failure("the type is given as \(given), but \(mnemonic) makes \(made)", at: typesStart)
    }
    let op = graph.insert(
      definition, operands: operands, resultTypes: types, location: location, before: nil)
    let made = graph.results(of: op)
    for (value, type) in zip(made, declared) { graph.values[value].statistics = type.statistics }
    return made
  }

  private mutating func operands() throws(Failure) -> (values: [ValueID?], isBroken: Bool) {
    var values: [ValueID?] = []
    var isBroken = false
    // The operands begin on the op's line: the next line may begin with a value too.
    guard let first = peekOnLine(), [0x25, 0x40, 0x5F].contains(first) else { return ([], false) }
    repeat {
      let start = offset
      switch tokens.peek() {
      case 0x25:
        let name = try name(after: "%")
        switch try symbol(name, isConstant: false, at: start) {
        case .value(let id): values.append(id)
        case .broken: isBroken = true
        }
      case 0x40:
        let name = try name(after: "@")
        switch try symbol(name, isConstant: true, at: start) {
        case .value(let id): values.append(id)
        case .broken: isBroken = true
        }
      case 0x5F:
        guard try tokens.word() == "_" else {
          throw failure("expected '%value', '@constant' or '_'", at: start)
        }
        values.append(nil)
      default: throw tokens.failure("expected '%value', '@constant' or '_' for an operand")
      }
    } while tokens.take(",")
    return (values, isBroken)
  }

  private mutating func refuseBlocks() throws(Failure) {
    guard tokens.peek() == 0x28 else { return }
    var failure = tokens.failure("nested blocks '({ … })' are not supported yet")
    failure.kind = .unsupported
    throw failure
  }

  private mutating func attributes<Op: OpDefinition>(
    _ kind: Op.Type
  ) throws(Failure) -> any OpDefinition {
    var op = kind.init()
    guard tokens.take("{") else { return op }
    if tokens.take("}") { return op }
    var seen: Set<String> = []
    repeat {
      let start = offset
      let name = try tokens.word()
      guard let field = kind.fields.first(where: { $0.name == name }) else {
        throw failure(
          "\(kind.name) has no attribute '\(name)'", at: start,
          notes: Spelling.notes(for: name, among: kind.fields.map(\.name)))
      }
      guard seen.insert(name).inserted else {
        throw failure("the attribute '\(name)' is given twice", at: start)
      }
      try tokens.expect("=")
      try field.parse(&op, &tokens)
    } while tokens.take(",")
    try tokens.expect("}")
    return op
  }

  private mutating func location() throws(Failure) -> Location {
    guard takeWord("loc") else { return Location() }
    var layers: [String] = []
    try tokens.expect("(")
    repeat { layers.append(try tokens.string()) } while tokens.take(",")
    try tokens.expect(")")
    return Location(layers)
  }
}

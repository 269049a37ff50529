// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

extension Graph {
  /// Reads the text form. Values must be defined before they are used; the graph is verified.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - file: What diagnostics name.
  ///   - ops: The kinds of ops that may occur.
  ///   - checkDigests: Whether the digests of constants in side files are computed and compared.
  ///   - sideFile: Opens a side file by the name that the text gives; called when a constant needs it.
  /// - Throws: All that is wrong, with lines and columns, up to twenty findings.
  public static func parse(
    text: String, file: String = "", ops: OpSet = .standard, checkDigests: Bool = false,
    sideFile: @escaping (String) throws(Failure) -> Safetensors = noSideFile
  ) throws(Failure) -> Graph {
    var parser = GraphParser(text, file: file, ops: ops, checkDigests, sideFile)
    return try parser.parse()
  }

  /// Refuses side files, for texts that must do without.
  public static func noSideFile(_ name: String) throws(Failure) -> Safetensors {
    throw Failure("the side file '\(name)' cannot be read from here")
  }
}

/// Reads the text form of a graph; the extensions hold its parts.
struct GraphParser {
  /// A name with its sigil taken off; bare numbers are apart from names.
  struct Name: Hashable {
    var text: String
    var isNumber = false
  }

  /// What a name stands for; broken if its definition is wrong, so that its uses are not reported too.
  enum Symbol {
    case value(ValueID)
    case broken
  }

  static let findingLimit = 20

  let bytes: [UInt8]
  let file: String
  let ops: OpSet
  let checkDigests: Bool
  var tokens: AttributeScanner
  var graph = Graph(name: "")
  var values: [Name: Symbol] = [:]
  var constants: [Name: Symbol] = [:]
  /// The names so far, for hints.
  var known: [String] = []
  var findings: [Diagnostic] = []
  /// Where values are defined.
  var places = SideTable<ValueRecord, Int>(default: 0)
  var sides: SideFiles

  init(
    _ text: String, file: String, ops: OpSet, _ checkDigests: Bool,
    _ sideFile: @escaping (String) throws(Failure) -> Safetensors
  ) {
    bytes = Array(text.utf8)
    self.file = file
    self.ops = ops
    self.checkDigests = checkDigests
    tokens = AttributeScanner(bytes, file: file)
    sides = SideFiles(sideFile)
  }

  mutating func parse() throws(Failure) -> Graph {
    while takeWord("constants") { sides.add(try tokens.string()) }
    guard takeWord("graph") else {
      throw tokens.failure("a graph starts with 'graph @name('")
    }
    graph.name = try name(after: "@").text
    try inputs()
    try tokens.expect("->")
    let outputs = try outputNames()
    try tokens.expect("{")
    try body()
    for output in outputs {
      do throws(Failure) {
        try addOutput(output)
      } catch {
        try record(error)
      }
    }
    if !tokens.isAtEnd {
      _ = tokens.peek()
      try record(tokens.failure("expected nothing behind the graph"))
    }
    guard findings.isEmpty else { throw Failure(findings) }
    let violations = graph.violations()
    let found = violations.isEmpty ? graph.scaleViolations() : violations
    for violation in found.prefix(Self.findingLimit) {
      findings.append(violation.diagnostic(in: graph, at: place(of: violation)))
    }
    guard findings.isEmpty else { throw Failure(findings) }
    return graph
  }

  // MARK: Ports

  private mutating func inputs() throws(Failure) {
    try tokens.expect("(")
    if tokens.take(")") { return }
    var seen: Set<String> = []
    repeat {
      let start = offset
      var word: Name?
      var role: String?
      if tokens.peek() != 0x25 {
        let first = try portName()
        if tokens.take(":") {
          word = first
        } else {
          role = first.text
          if tokens.peek() != 0x25 {
            word = try portName()
            try tokens.expect(":")
          }
        }
      }
      let valueStart = offset
      let value = try name(after: "%")
      try tokens.expect(":")
      let declared = try typeAndStatistics()
      let portRole: PortRole
      switch role {
      case nil: portRole = .input
      case "parameter": portRole = .parameter
      case "state":
        try tokens.expect("=")
        portRole = .state(initial: try content(declared.type))
      case let other?:
        throw failure(
          "'\(other)' is no role of an input", at: start,
          notes: Spelling.notes(for: other, among: ["state", "parameter"]))
      }
      let userName = value.isNumber ? "" : value.text
      let portName = word?.text ?? userName
      guard seen.insert(portName).inserted else {
        throw failure("there are two inputs '\(portName)'", at: start)
      }
      let id = graph.appendInput(name: portName, type: declared.type, role: portRole)
      graph.values[id].name = userName
      graph.values[id].statistics = declared.statistics
      try define(value, as: id, at: valueStart)
    } while tokens.take(",")
    try tokens.expect(")")
  }

  private struct Output {
    var port: String
    var sigil: UInt8
    var value: Name
    var offset: Int
  }

  private mutating func outputNames() throws(Failure) -> [Output] {
    var outputs: [Output] = []
    try tokens.expect("(")
    if tokens.take(")") { return outputs }
    repeat {
      let port = try portName()
      try tokens.expect(":")
      let start = offset
      let sigil = tokens.peek() ?? 0
      let value = try name(after: sigil == 0x40 ? "@" : "%")
      outputs.append(Output(port: port.text, sigil: sigil, value: value, offset: start))
    } while tokens.take(",")
    try tokens.expect(")")
    return outputs
  }

  private mutating func addOutput(_ output: Output) throws(Failure) {
    guard !graph.outputs.contains(where: { $0.name == output.port }) || output.port.isEmpty else {
      throw failure("there are two outputs '\(output.port)'", at: output.offset)
    }
    switch try symbol(output.value, isConstant: output.sigil == 0x40, at: output.offset) {
    case .value(let id): graph.appendOutput(name: output.port, value: id)
    case .broken: return
    }
  }

  // MARK: Lines

  private mutating func body() throws(Failure) {
    while !tokens.take("}") {
      guard let first = tokens.peek() else {
        try record(tokens.failure("the body of the graph is not closed: expected '}'"))
        return
      }
      let start = tokens.offset
      do throws(Failure) {
        if first == 0x40 { try constantLine() } else { try opLine() }
      } catch {
        if error.kind == .unsupported { throw Failure(findings + error.diagnostics, kind: error.kind) }
        try record(error)
        resume(behind: start)
      }
    }
  }

  /// Notes what is wrong and goes on, until it is too much.
  mutating func record(_ failure: Failure) throws(Failure) {
    findings += failure.diagnostics
    guard findings.count < Self.findingLimit else { throw Failure(findings) }
  }

  /// Goes to the next line behind an offset that looks like the start of a definition or the end of the body.
  private mutating func resume(behind start: Int) {
    var next = start
    while next < bytes.count {
      while next < bytes.count, bytes[next] != 0x0A { next += 1 }
      while next < bytes.count, [0x0A, 0x0D, 0x20, 0x09].contains(bytes[next]) { next += 1 }
      if next < bytes.count, [0x25, 0x40, 0x7D].contains(bytes[next]) { break }
    }
    tokens = AttributeScanner(bytes, at: next, file: file)
  }

  private func place(of violation: GraphViolation) -> Origin {
    let value: ValueID? =
      switch violation.place {
      case .op(let op): graph.contains(op) ? graph.results(of: op).first : nil
      case .value(let value): value
      case .graph: nil
      }
    guard let value else { return Origin(file: file) }
    return failure("", at: places[value]).diagnostics[0].origin
  }
}

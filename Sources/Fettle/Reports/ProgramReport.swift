// SPDX-License-Identifier: Apache-2.0
import CEmission
import CompilerSupport
import GraphIR
import LoopIR
import Lowering
import Targets
import Tensors

/// What a program costs: layers, weights, and the arena with the lifetimes of its buffers.
struct ProgramReport {
  /// A step with its cost.
  struct Layer {
    let name: String
    let kernel: String
    let multiplyAccumulates: Int
    let weightBytes: Int
    let outputBytes: Int
    let liveBytes: Int
  }

  /// A piece of the arena over time.
  struct Lifetime {
    let name: String
    let offset: Int
    let bytes: Int
    let steps: ClosedRange<Int>
  }

  let name: String
  let target: Target
  let layers: [Layer]
  let lifetimes: [Lifetime]
  let arenaBytes: Int
  let arenaLowerBound: Int
  /// The bytes of the weights themselves.
  let constantBytes: Int
  /// The same with what fills each array up to its alignment: what an object file says.
  let flashBytes: Int
  let parameters: Int
  let ports: [Port]

  init(_ lowered: Lowered, graph: Graph, target: Target) {
    let program = lowered.program
    name = program.name
    self.target = target
    ports = program.ports
    arenaBytes = program.arenaBytes
    arenaLowerBound = program.arenaLowerBound
    constantBytes = program.constants.values.reduce(0) { $0 + $1.count }
    flashBytes = WeightLayout(program, target).byteCount
    parameters = graph.constantIDs.reduce(0) { $0 + graph.type(of: $1).shape.elementCount }
    lifetimes = Self.lifetimes(program)
    let all = lifetimes
    layers = program.steps.enumerated().map { position, step in
      let kernel = program.kernels[step.kernel]
      var weightBytes = 0
      var outputBytes = 0
      for (parameter, argument) in zip(kernel.parameters, step.arguments) {
        let buffer = program.buffers[argument]
        if case .constant = buffer.storage { weightBytes += program.constants[argument]?.count ?? 0 }
        if parameter.isWritten { outputBytes += buffer.layout.byteCount }
      }
      let live = all.filter { $0.steps.contains(position) }.reduce(0) { $0 + $1.bytes }
      return Layer(
        name: step.layers.isEmpty ? "-" : step.layers.joined(separator: " + "), kernel: kernel.name,
        multiplyAccumulates: step.multiplyAccumulates, weightBytes: weightBytes,
        outputBytes: outputBytes, liveBytes: live)
    }
  }

  /// The arena's buffers; those that lie in one another count as one.
  private static func lifetimes(_ program: Program) -> [Lifetime] {
    var found: [Lifetime] = []
    for buffer in program.buffers {
      guard case .arena(let offset) = buffer.storage else { continue }
      found.append(
        Lifetime(
          name: buffer.name, offset: offset, bytes: buffer.layout.byteCount, steps: buffer.lifetime))
    }
    found.sort { ($0.offset, $1.bytes, $0.steps.lowerBound) < ($1.offset, $0.bytes, $1.steps.lowerBound) }
    var kept: [Lifetime] = []
    for one in found {
      let inside = kept.lastIndex { other in
        other.offset <= one.offset && one.offset + one.bytes <= other.offset + other.bytes
          && other.steps.overlaps(one.steps)
      }
      guard let inside else {
        kept.append(one)
        continue
      }
      let other = kept[inside]
      let steps = min(other.steps.lowerBound, one.steps.lowerBound)...max(
        other.steps.upperBound, one.steps.upperBound)
      kept[inside] = Lifetime(
        name: other.name, offset: other.offset, bytes: other.bytes, steps: steps)
    }
    return kept
  }

  /// The bytes of the buffers that a caller of the emitted C provides beside the arena.
  var portBytes: Int { ports.reduce(0) { $0 + $1.type.byteCount } }

  var multiplyAccumulates: Int { layers.reduce(0) { $0 + $1.multiplyAccumulates } }

  /// The report as text.
  var text: String {
    var table = Table([
      ("step", .right), ("layer", .left), ("kernel", .left), ("MAC", .right),
      ("weights B", .right), ("output B", .right), ("live B", .right),
    ])
    for (i, layer) in layers.enumerated() {
      table.row([
        "\(i)", layer.name, layer.kernel, NumberText.grouped(layer.multiplyAccumulates),
        NumberText.grouped(layer.weightBytes), NumberText.grouped(layer.outputBytes),
        NumberText.grouped(layer.liveBytes),
      ])
    }
    var places = Table([("buffer", .left), ("offset", .right), ("bytes", .right), ("steps", .right)])
    for one in lifetimes {
      places.row([
        one.name.isEmpty ? "-" : one.name, NumberText.grouped(one.offset),
        NumberText.grouped(one.bytes), "\(one.steps.lowerBound)-\(one.steps.upperBound)",
      ])
    }
    return """
      \(name) for \(target.name)

      MAC          \(NumberText.grouped(multiplyAccumulates))
      parameters   \(NumberText.grouped(parameters))
      weights      \(NumberText.grouped(constantBytes)) B as stored, \(NumberText.grouped(flashBytes)) B in flash
      arena        \(NumberText.grouped(arenaBytes)) B (lower bound \(NumberText.grouped(arenaLowerBound)) B)
      compiler     \(target.compileCommand.joined(separator: " "))

      \(table.text)
      arena:
      \(places.text)
      """
  }

  /// The report for programs.
  var json: JSONValue {
    .object([
      .init("name", .string(name)), .init("target", .string(target.name)),
      .init("compiler", .array(target.compiler.map(JSONValue.string))),
      .init("optimization", .array(target.optimization.map(JSONValue.string))),
      .init("mac", .integer(multiplyAccumulates)), .init("parameters", .integer(parameters)),
      .init("weight_bytes", .integer(constantBytes)), .init("flash_bytes", .integer(flashBytes)),
      .init("arena_bytes", .integer(arenaBytes)),
      .init("arena_lower_bound", .integer(arenaLowerBound)),
      .init("port_bytes", .integer(portBytes)),
      .init("ports", .array(ports.map(Self.json))),
      .init("layers", .array(layers.map(Self.json))),
      .init("arena", .array(lifetimes.map(Self.json))),
    ])
  }

  private static func json(_ layer: Layer) -> JSONValue {
    .object([
      .init("name", .string(layer.name)), .init("kernel", .string(layer.kernel)),
      .init("mac", .integer(layer.multiplyAccumulates)),
      .init("weight_bytes", .integer(layer.weightBytes)),
      .init("output_bytes", .integer(layer.outputBytes)),
      .init("live_bytes", .integer(layer.liveBytes)),
    ])
  }

  private static func json(_ port: Port) -> JSONValue {
    .object([
      .init("name", .string(port.name)), .init("role", .string("\(port.role)")),
      .init("type", .string("\(port.type)")), .init("bytes", .integer(port.type.byteCount)),
    ])
  }

  private static func json(_ one: Lifetime) -> JSONValue {
    .object([
      .init("name", .string(one.name)), .init("offset", .integer(one.offset)),
      .init("bytes", .integer(one.bytes)), .init("first", .integer(one.steps.lowerBound)),
      .init("last", .integer(one.steps.upperBound)),
    ])
  }
}

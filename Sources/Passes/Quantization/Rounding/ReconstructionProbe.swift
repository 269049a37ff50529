// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// A graph that computes what layers read in a quantized graph, beside what they make, without
/// their bias, in the float graph that it came from.
struct ReconstructionProbe {
  /// Two outputs for each layer: its input as it is quantized, and its result in floats.
  let graph: Graph

  /// - Parameters:
  ///   - layers: The same ops in both graphs.
  ///   - floats: The quantized graph as it was without pairs; see `withoutPairs`.
  init(of layers: [OpID], in quantized: Graph, floats: Graph) {
    var graph = Graph(name: quantized.name)
    graph.rewrite { rw in
      let inputs = quantized.inputs.map { port in
        rw.addInput(name: port.name, type: quantized.type(of: port.value), role: port.role)
      }
      let seen = layers.map { quantized.operands(of: $0)[0] }
      let made = Self.copy(seen.compactMap { $0 }, from: quantized, inputs, &rw)
      let sources = layers.flatMap { floats.operands(of: $0).prefix(2).compactMap { $0 } }
      let targets = Self.copy(sources, from: floats, inputs, &rw)
      for (number, layer) in layers.enumerated() {
        let operands = floats.operands(of: layer).prefix(2).map { $0.flatMap { targets[$0] } }
        guard let input = seen[number].flatMap({ made[$0] }),
          let result = try? rw.insert(
            floats.definition(of: layer), operands, location: floats.location(of: layer))[0]
        else { unreachable("a layer without its bias is a layer") }
        rw.addOutput(name: "probe_input\(number)", value: input)
        rw.addOutput(name: "probe_target\(number)", value: result)
      }
      // The next value of a state has its name; what is looked at is the first step.
      for port in quantized.outputs {
        guard
          let state = quantized.inputs.firstIndex(where: {
            if case .state = $0.role { $0.name == port.name } else { false }
          })
        else { continue }
        rw.addOutput(name: port.name, value: inputs[state])
      }
    }
    self.graph = graph
  }

  /// Copies the ops that values depend on, and says where they are now.
  private static func copy(
    _ values: [ValueID], from graph: Graph, _ inputs: [ValueID], _ rw: inout Rewriter
  ) -> [ValueID: ValueID] {
    var isNeeded = SideTable<OpRecord, Bool>(default: false)
    var waiting = values.compactMap { graph.producer(of: $0) }
    while let op = waiting.popLast() {
      if isNeeded[op] { continue }
      isNeeded[op] = true
      waiting += graph.operands(of: op).compactMap { $0.flatMap { graph.producer(of: $0) } }
    }
    var copies: [ValueID: ValueID] = [:]
    for (port, input) in zip(graph.inputs, inputs) { copies[port.value] = input }
    func copy(_ value: ValueID) -> ValueID? {
      if let known = copies[value] { return known }
      return graph.tensor(value).map { rw.addConstant($0, name: graph.name(of: value)) }
    }
    for op in graph.opIDs where isNeeded[op] {
      let operands = graph.operands(of: op).map { $0.flatMap { copy($0) } }
      guard
        let results = try? rw.insert(
          graph.definition(of: op), operands, location: graph.location(of: op))
      else { unreachable("a copied op fits its copied operands") }
      for (old, new) in zip(graph.results(of: op), results) { copies[old] = new }
    }
    for value in values where copies[value] == nil { copies[value] = copy(value) }
    return copies
  }
}

extension Graph {
  /// The graph with the floats in front of pairs of `quantize` and `dequantize` instead of those
  /// behind. The ops keep their handles.
  func withoutPairs() -> Graph {
    var graph = self
    graph.rewrite { rw in
      for op in rw.graph.opIDs {
        guard let dequantize = rw.graph.op(op, as: Dequantize.self),
          let integers = rw.graph.operand(dequantize, .input),
          let producer = rw.graph.producer(of: integers),
          let quantize = rw.graph.op(producer, as: Quantize.self),
          let floats = rw.graph.operand(quantize, .input),
          let scale = rw.graph.operand(quantize, .scale),
          let ownScale = rw.graph.operand(dequantize, .scale),
          rw.graph.tensor(scale) != nil, rw.graph.tensor(scale) == rw.graph.tensor(ownScale),
          rw.graph.type(of: floats) == rw.graph.type(of: rw.graph.results(of: op)[0])
        else { continue }
        rw.replaceAllUses(of: rw.graph.results(of: op)[0], with: floats)
      }
    }
    return graph
  }
}

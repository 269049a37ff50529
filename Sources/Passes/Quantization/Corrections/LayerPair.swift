// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// A layer of a quantized graph and the same layer of the float graph that it was made of.
struct LayerPair {
  /// The layer as it is: its weight a constant, or integers with a `dequantize` behind.
  let op: OpID
  let result: ValueID
  /// The result in the float graph.
  let floatResult: ValueID
  /// How many layers the input has gone through at most, in the quantized graph.
  let depth: Int
  /// The axis of the result along which its channels lie.
  let axis: Int
  let channels: Int

  /// The pairs in the order of the quantized graph, and the layers that the float graph does not
  /// have.
  static func all(
    in graph: Graph, and float: Graph
  ) -> (pairs: [LayerPair], unmatched: [OpID]) {
    let names = Names(of: float)
    let ownNames = Names(of: graph)
    var depths = SideTable<ValueRecord, Int>(default: 0)
    var pairs: [LayerPair] = []
    var unmatched: [OpID] = []
    for op in graph.opIDs {
      let inputs = graph.operands(of: op).compactMap { $0 }
      var depth = inputs.map { depths[$0] }.max() ?? 0
      if let axis = channelAxis(of: op, in: graph) {
        let result = graph.results(of: op)[0]
        let type = graph.type(of: result)
        let name = graph.name(of: result)
        if ownNames.value(name) != nil, let other = names.value(name),
          float.type(of: other) == type, let made = float.producer(of: other), channelAxis(of: made, in: float) == axis
        {
          pairs.append(
            LayerPair(
              op: op, result: result, floatResult: other, depth: depth, axis: axis,
              channels: type.shape[axis]))
        } else {
          unmatched.append(op)
        }
        depth += 1
      }
      for result in graph.results(of: op) { depths[result] = depth }
    }
    return (pairs, unmatched)
  }

  /// The axis of a layer's result along which its channels lie; nil for what is no layer of f32
  /// with weights that are known.
  private static func channelAxis(of op: OpID, in graph: Graph) -> Int? {
    let definition = graph.definition(of: op)
    guard
      definition is Convolution || definition is TransposedConvolution
        || definition is MatrixMultiply
    else { return nil }
    let place = ChannelOp(graph: graph, id: op)
    guard place.result.element == .f32, place.value(3) == nil, place.value(4) == nil,
      let weight = LayerConstant(place, 1)?.values
    else { return nil }
    guard definition is MatrixMultiply else { return 1 }
    return weight.shape.rank < 2 ? nil : place.result.shape.rank - 1
  }
}

/// The values of a graph that alone have their names.
private struct Names {
  private var values: [String: ValueID] = [:]
  private var repeated: Set<String> = []

  init(of graph: Graph) {
    for op in graph.opIDs {
      for result in graph.results(of: op) {
        let name = graph.name(of: result)
        if values.updateValue(result, forKey: name) != nil { repeated.insert(name) }
      }
    }
  }

  func value(_ name: String) -> ValueID? {
    name.isEmpty || repeated.contains(name) ? nil : values[name]
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// What is known of the channels of a graph's values: the number that all elements of a channel
/// are, whatever the inputs.
struct ChannelConstants {
  private var known = SideTable<ValueRecord, [Double?]>(default: [])
  private var rounded = SideTable<ValueRecord, [Int]>(default: [])

  /// Follows the channels through the graph once, in order.
  ///
  /// - Parameter tolerance: how large the weights of a filter may be that counts as zero, as a share of the largest of the
  ///   layer.
  init(of graph: Graph, within tolerance: Double) {
    for id in graph.opIDs {
      guard let flow = graph.definition(of: id) as? any ChannelFlow else { continue }
      let op = ChannelOp(graph: graph, id: id)
      let result = op.result
      guard op.hasChannels else { continue }
      var constants = flow.constants(op) { slot in
        op.value(slot).map { self[$0, in: graph] } ?? []
      }
      guard constants.count == op.channels else { continue }
      if tolerance > 0 {
        let negligible = flow.negligible(op, within: tolerance).filter { constants[$0.key] == nil }
        if !negligible.isEmpty, SmallDifferences.staySmall(after: graph.results(of: id)[0], in: graph) {
          for (channel, value) in negligible { constants[channel] = value }
          rounded[graph.results(of: id)[0]] = negligible.keys.sorted()
        }
      }
      for (channel, value) in constants.enumerated() {
        // What the op really makes is rounded; what is not finite is left alone.
        let rounded = value.map { ElementCoding.rounded($0, to: result.element) }
        constants[channel] = rounded.flatMap { $0.isFinite ? $0 : nil }
      }
      known[graph.results(of: id)[0]] = constants
    }
  }

  /// One number or nil for each channel of a value; empty if nothing is known.
  subscript(value: ValueID, in graph: Graph) -> [Double?] {
    if let tensor = graph.tensor(value), tensor.shape.rank >= 2 {
      return tensor.uniformValues(axis: 1)
    }
    return known[value]
  }

  /// The channels of a value that are constant only to within the tolerance.
  func rounded(_ value: ValueID) -> [Int] { rounded[value] }
}

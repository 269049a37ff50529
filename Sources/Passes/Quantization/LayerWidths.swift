// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// What `quantize` needs to put one graph onto grids again and again, with another choice for its
/// layers each time: which layers there are, and the spread of all values, measured once.
struct LayerWidths {
  /// Ops that options cannot tell apart: of one layer, as a rule one op.
  struct Group {
    let name: String
    fileprivate(set) var ops: [OpID]
    /// Whether an op of it has weights.
    fileprivate(set) var hasWeights: Bool
  }

  let graph: Graph
  /// In the order of the graph, those left out that the options keep in float.
  let groups: [Group]
  private let calibration: ActivationCalibration
  /// What has a grid if all layers have theirs.
  private let onGrids: Set<ValueID>

  init(
    of graph: Graph, _ pass: QuantizeModel, _ context: inout PassContext
  ) throws(Failure) {
    self.graph = graph
    let plan = pass.plan(of: graph)
    onGrids = Set(plan.values + plan.followers.map(\.value))
    calibration = try pass.calibration(
      of: plan, plan.pendingResults + plan.followers.map(\.value), in: graph, &context)
    let layers = Set(plan.layers.map(\.op))
    var groups: [Group] = []
    var positions: [String: Int] = [:]
    for unit in plan.units {
      guard let name = graph.optionNames(of: unit.op).first else { continue }
      let hasWeights = layers.contains(unit.op)
      if let position = positions[name] {
        groups[position].ops.append(unit.op)
        groups[position].hasWeights = groups[position].hasWeights || hasWeights
      } else {
        positions[name] = groups.count
        groups.append(Group(name: name, ops: [unit.op], hasWeights: hasWeights))
      }
    }
    self.groups = groups
  }

  /// The graph as a pass with these options leaves it; as it is if they keep all layers in float.
  func quantized(_ pass: QuantizeModel) -> Graph {
    quantized(pass, pass.plan(of: graph))
  }

  /// The graph with one group on grids and everything else in float.
  func quantized(only group: Group, _ pass: QuantizeModel) -> Graph {
    let others = Set(groups.flatMap(\.ops)).subtracting(group.ops)
    let isKept = pass.keeps(in: graph)
    var plan = QuantizationPlan(of: graph) { others.contains($0) || isKept($0) }
    plan.keepGrids(of: onGrids)
    return quantized(pass, plan)
  }

  private func quantized(_ pass: QuantizeModel, _ plan: QuantizationPlan) -> Graph {
    var copy = graph
    pass.apply(plan, calibration, to: &copy)
    return copy
  }
}

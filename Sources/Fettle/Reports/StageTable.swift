// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import LoopIR
import Lowering
import Targets
import Tensors

/// What a model costs after each pass.
struct StageTable {
  private struct Row {
    let name: String
    let ops: Int
    let parameters: Int
    let constantBytes: Int
    let multiplyAccumulates: Int
    let arenaBytes: Int?
    let seconds: Double
  }

  private let target: Target
  private let lowerings: LoweringTable
  private var rows: [Row] = []

  init(target: Target, table: LoweringTable) {
    self.target = target
    lowerings = table
  }

  /// Enters a graph as it is behind a pass. The arena is left out where the graph does not lower as it is.
  mutating func add(_ name: String, _ graph: Graph, seconds: Double) throws(Failure) {
    let constants = graph.constantIDs
    let arena = (try? Lowerer(target: target, table: lowerings).lower(graph, name: "stage"))?
      .program.arenaBytes
    rows.append(
      Row(
        name: name, ops: graph.opCount,
        parameters: constants.reduce(0) { $0 + graph.type(of: $1).shape.elementCount },
        constantBytes: constants.reduce(0) { $0 + graph.type(of: $1).byteCount },
        multiplyAccumulates: graph.opIDs.reduce(0) { $0 + graph.multiplyAccumulates(of: $1) },
        arenaBytes: arena, seconds: seconds))
  }

  /// The table.
  var text: String {
    var table = Table([
      ("pass", .left), ("ops", .right), ("parameters", .right), ("bytes", .right),
      ("MAC", .right), ("arena B", .right), ("ms", .right),
    ])
    for row in rows {
      table.row([
        row.name, "\(row.ops)", NumberText.grouped(row.parameters),
        NumberText.grouped(row.constantBytes), NumberText.grouped(row.multiplyAccumulates),
        row.arenaBytes.map(NumberText.grouped) ?? "-", NumberText.fixed(row.seconds * 1000, 1),
      ])
    }
    return table.text
  }
}

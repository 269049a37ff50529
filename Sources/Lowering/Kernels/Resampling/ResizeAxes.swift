// SPDX-License-Identifier: Apache-2.0
import GraphIR
import LoopIR
import Tensors

/// The axes of a resize that change.
enum ResizeAxes {
  /// Blocks of channels stay as they are if the channels do.
  static func wish(_ op: OpRef<Resize>, in graph: Graph) -> LayoutWish {
    guard let input = graph.operand(op, .input) else { return .rowMajor }
    let shape = graph.type(of: input).shape
    let keepsChannels = shape.rank > 1 && op.attributes.isIdentity(axis: 1, inputExtent: shape[1])
    return keepsChannels ? .like(slot: 0) : .rowMajor
  }
}

/// What the positions along an axis read, as tables of one row for each position.
struct TapTable {
  let axis: Int
  /// Input positions that each position reads; fewer are filled up with weights of 0.
  let count: Int
  /// The rows; empty where the result is the extrapolation value.
  let rows: [[ResizeTap]]

  init(_ resize: Resize, axis: Int, inputExtent: Int) {
    self.axis = axis
    rows = resize.taps(axis: axis, inputExtent: inputExtent)
    count = rows.reduce(1) { max($0, $1.count) }
  }

  /// Whether some positions lie outside of the input.
  var hasOutside: Bool { rows.contains { $0.isEmpty } }

  /// The largest input position that is read.
  var largest: Int { rows.reduce(0) { max($0, $1.last?.index ?? 0) } }

  /// The input position of a tap; −1 outside of the input.
  func index(_ position: Int, _ tap: Int) -> Int {
    let row = rows[position]
    return tap < row.count ? row[tap].index : row.last?.index ?? -1
  }

  /// The weight of a tap.
  func weight(_ position: Int, _ tap: Int) -> Double {
    tap < rows[position].count ? rows[position][tap].weight : 0
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Operators that choose elements, or tell which are of a kind.
enum SelectionFamily: OperatorFamily {
  static let importers = [
    OperatorImporter("Where", since: 9) { (node) throws(Failure) in
      [try node.insert(Select(), try node.input(0), try node.input(1), try node.input(2))]
    },
    OperatorImporter("Trilu", since: 14, "a diagonal known when the model is read", read: trilu),
    OperatorImporter("IsInf", since: 10, read: isInfinite),
  ]

  /// The elements on one side of a diagonal, by a constant mask.
  @Sendable static func trilu(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    let extents = Array(node.extents(x).suffix(2))
    guard extents.count == 2 else { throw node.failure("the input is \(node.type(x))") }
    let keepsUpper = try node.flag("upper", default: true)
    let diagonal = try node.constantScalar(1, "the diagonal") ?? 0
    let shape = try node.shape(extents)
    guard shape.elementCount <= 1 << 24 else { throw node.failure("the input is too large") }
    var mask = [Int64](repeating: 0, count: shape.elementCount)
    for row in 0..<extents[0] {
      for column in 0..<extents[1] {
        let distance = Double(column - row)
        let isKept = keepsUpper ? distance >= diagonal : distance <= diagonal
        mask[row * extents[1] + column] = isKept ? 1 : 0
      }
    }
    let condition = node.add(Tensor(TensorType(.bool, shape), wrapping: mask), name: "")
    return [try node.insert(Select(), condition, x, node.scalar(0, like: x))]
  }

  @Sendable static func isInfinite(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    let positive = try node.flag("detect_positive", default: true)
    let negative = try node.flag("detect_negative", default: true)
    let infinity = node.scalar(.infinity, like: x)
    switch (positive, negative) {
    case (true, true):
      return [try node.binary(.equal, try node.unary(.abs, x), infinity)]
    case (true, false): return [try node.binary(.equal, x, infinity)]
    case (false, true): return [try node.binary(.equal, try node.unary(.negate, x), infinity)]
    case (false, false):
      return [try node.broadcast(node.scalar(0, .bool), node.extents(x))]
    }
  }
}

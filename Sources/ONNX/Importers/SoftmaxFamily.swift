// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Softmax and LogSoftmax; before opset 13 over all axes from `axis` on.
enum SoftmaxFamily: OperatorFamily {
  static let importers = [
    OperatorImporter("Softmax") { (node) throws(Failure) in
      [try standard(node, log: false)]
    },
    OperatorImporter("LogSoftmax") { (node) throws(Failure) in
      [try standard(node, log: true)]
    },
  ]

  private static func standard(_ node: NodeContext, log: Bool) throws(Failure) -> ValueID {
    try softmax(
      node, of: try node.input(0), opset: node.opset, defaultAxis: node.opset >= 13 ? -1 : 1,
      log: log)
  }

  /// The softmax that the node's attributes describe in a version of the operators, of a value.
  static func softmax(
    _ node: NodeContext, of x: ValueID, opset: Int, defaultAxis: Int, log: Bool = false
  ) throws(Failure) -> ValueID {
    let extents = node.extents(x)
    var axis = try node.int("axis", default: defaultAxis)
    if opset >= 13 {
      axis = try node.axis(axis, rank: extents.count)
      return try node.insert(Softmax(axis: axis, logarithm: log), x)
    }
    // The axis may be one behind the last: every element is a row of its own.
    if axis != extents.count { axis = try node.axis(axis, rank: extents.count) }
    if axis == extents.count - 1 || axis < extents.count && extents[(axis + 1)...].allSatisfy({ $0 == 1 }) {
      return try node.insert(Softmax(axis: axis, logarithm: log), x)
    }
    let rows = extents[..<axis].reduce(1, *)
    let columns = extents[axis...].reduce(1, *)
    let flat = try node.reshape(x, [rows, columns])
    let y = try node.insert(Softmax(axis: 1, logarithm: log), flat)
    return try node.reshape(y, extents)
  }
}

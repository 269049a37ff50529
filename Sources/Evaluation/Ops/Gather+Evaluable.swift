// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

extension Gather: Evaluable {
  public func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor] {
    let input = try operands.require(.input)
    let indices = try operands.require(.indices).integers()
    let extents = input.shape.extents
    let inner = extents[(axis + 1)...].reduce(1, *)
    var table: [Int] = []
    table.reserveCapacity(indices.count)
    for index in indices {
      let position = index < 0 ? index + Int64(extents[axis]) : index
      guard position >= 0, position < extents[axis] else {
        throw Failure("index \(index) is outside of axis \(axis) of \(input.shape)")
      }
      table.append(Int(position) * inner)
    }
    let outer = extents[..<axis].reduce(1, *)
    let outerTable = (0..<outer).map { $0 * extents[axis] * inner }
    return [rearranged(input, to: resultTypes[0], [outerTable, table, Array(0..<inner)])]
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

extension Tensor {
  /// A vector seen along an axis of a tensor of some rank, so that it broadcasts; scalars stay.
  func along(axis: Int, rank: Int) -> Tensor {
    guard shape.rank == 1, rank > axis else { return self }
    let extents = [count] + Array(repeating: 1, count: rank - axis - 1)
    return Shape(extents).flatMap { reshaped(to: $0) } ?? self
  }

  /// A tensor of which each position along an axis stands for a block of positions, repeated to the
  /// whole.
  func expandingBlocks(of block: Int, axis: Int, to shape: Shape) -> Tensor {
    let strides = self.shape.rowMajorStrides
    let tables = (0..<shape.rank).map { axisOfResult in
      (0..<shape[axisOfResult]).map { position in
        (axisOfResult == axis ? position / block : position) * strides[axisOfResult]
      }
    }
    return rearranged(self, to: TensorType(element, shape), tables)
  }

  /// A scale or zero point of this tensor's kind, made to broadcast to the tensor that it scales.
  func scaling(_ shape: Shape, axis: Int, block: Int) -> Tensor {
    if count == 1, self.shape.rank <= 1 { return self }
    return block > 0
      ? expandingBlocks(of: block, axis: axis, to: shape) : along(axis: axis, rank: shape.rank)
  }
}

/// What `body` gives; a mismatch of types becomes a failure.
func checked<Value>(_ body: () throws(TypeMismatch) -> Value) throws(Failure) -> Value {
  do {
    return try body()
  } catch {
    throw Failure(error.description)
  }
}

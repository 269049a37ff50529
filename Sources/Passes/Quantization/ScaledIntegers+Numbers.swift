// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

extension ScaledIntegers {
  /// The numbers that a tensor of these integers stands for.
  func numbers(of tensor: Tensor) -> [Double] {
    let inner = axis.map { tensor.shape.extents[($0 + 1)...].reduce(1, *) } ?? 1
    return tensor.integers().enumerated().map { position, q in
      let place = scales.count == 1 ? 0 : position / inner % scales.count
      return Double(Int(q) - zeroPoints[place]) * scales[place]
    }
  }

  /// The integers that can occur.
  func range(_ rw: borrowing Rewriter) -> ClosedRange<Int> { IntegerRange.of(value, in: rw.graph) }

  /// The largest difference to the zero point, there being one.
  func reach(_ rw: borrowing Rewriter) -> Int {
    IntegerRange.reach(of: value, zero: zeroPoints[0], in: rw.graph)
  }
}

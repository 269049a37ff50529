// SPDX-License-Identifier: Apache-2.0
import Tensors

/// A result whose elements depend on the operands' elements at the same place, shapes broadcast.
/// `body` gets the numbers of a run for each operand, overwrites those of the first with the
/// result, and is told how many they are.
func elementwise<Number: WideNumber>(
  _ type: TensorType, _ operands: [Tensor], as number: Number.Type,
  _ body: (_ runs: [UnsafeMutablePointer<Number>], _ count: Int) -> Void
) -> Tensor {
  let walk = BroadcastRuns(result: type.shape, operands: operands.map(\.shape))
  let length = BroadcastRuns.longest
  return TensorBuilder.make(type) { builder in
    withUnsafeTemporaryAllocation(of: Number.self, capacity: operands.count * length) { room in
      let runs = operands.indices.map { room.baseAddress! + $0 * length }
      walk.forEach { start, starts, count in
        for (i, operand) in operands.enumerated() {
          operand.load(runs[i], at: starts[i], step: walk.steps[i], count: count)
        }
        body(runs, count)
        builder.store(UnsafePointer(runs[0]), at: start, count: count)
      }
    }
  }
}

/// A tensor with a function applied to each element; `body` changes the numbers of a run.
func mapped<Number: WideNumber>(
  _ input: Tensor, to type: TensorType, as number: Number.Type,
  _ body: (UnsafeMutableBufferPointer<Number>) -> Void
) -> Tensor {
  elementwise(type, [input], as: number) { runs, count in
    body(UnsafeMutableBufferPointer(start: runs[0], count: count))
  }
}

// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

extension Concat: Evaluable {
  public func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor] {
    let inputs = operands.all(.inputs)
    let result = resultTypes[0]
    let outer = result.shape.extents[..<axis].reduce(1, *)
    let moved = TensorBuilder.make(result.withBitsAsIntegers) { builder in
      let longest = BroadcastRuns.longest
      withUnsafeTemporaryAllocation(of: Int64.self, capacity: longest) { room in
        var start = 0
        for row in 0..<outer {
          for input in inputs {
            let source = input.withBitsAsIntegers
            let length = source.shape.extents[axis...].reduce(1, *)
            for done in stride(from: 0, to: length, by: longest) {
              let count = min(longest, length - done)
              source.load(room.baseAddress!, at: row * length + done, count: count)
              builder.store(UnsafePointer(room.baseAddress!), at: start + done, count: count)
            }
            start += length
          }
        }
      }
    }
    return [moved.withElements(of: result)]
  }
}

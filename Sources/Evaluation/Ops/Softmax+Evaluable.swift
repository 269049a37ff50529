// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

extension Softmax: Evaluable {
  public func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor] {
    let input = try operands.require(.input)
    let groups = AxisGroups(input.shape, axes: [axis])
    return [
      TensorBuilder.make(resultTypes[0]) { builder in
        withRunRoom(of: Double.self) { room in
          groups.forEach { start in
            var largest = -Double.infinity
            groups.forEachRun(start, of: input, room) { run in
              for x in run where x > largest { largest = x }
            }
            var sum = 0.0
            groups.forEachRun(start, of: input, room) { run in
              for x in run { sum += Mathematics.exp(x - largest) }
            }
            let logarithmOfSum = Mathematics.log(sum)
            groups.rewrite(start, of: input, room, in: builder) { run in
              for i in run.indices {
                let x = run[i] - largest
                run[i] = logarithm ? x - logarithmOfSum : Mathematics.exp(x) / sum
              }
            }
          }
        }
      }
    ]
  }
}

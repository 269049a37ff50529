// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

extension Normalize: Evaluable {
  public func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor] {
    let input = try operands.require(.input)
    let groups = AxisGroups(input.shape, axes: axes)
    let size = Double(groups.groupSize)
    return [
      TensorBuilder.make(resultTypes[0]) { builder in
        withRunRoom(of: Double.self) { room in
          groups.forEach { start in
            var sum = 0.0
            groups.forEachRun(start, of: input, room) { for x in $0 { sum += x } }
            let mean = sum / size
            var squares = 0.0
            groups.forEachRun(start, of: input, room) { run in
              for x in run { squares += (x - mean) * (x - mean) }
            }
            let deviation = (squares / size + Double(epsilon)).squareRoot()
            groups.rewrite(start, of: input, room, in: builder) { run in
              for i in run.indices { run[i] = (run[i] - mean) / deviation }
            }
          }
        }
      }
    ]
  }
}

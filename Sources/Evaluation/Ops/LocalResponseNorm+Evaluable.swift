// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

extension LocalResponseNorm: Evaluable {
  public func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor] {
    let input = try operands.require(.input)
    let channels = input.shape[1]
    let plane = input.shape.extents[2...].reduce(1, *)
    let factor = Double(alpha) / Double(size)
    let (bias, beta) = (Double(bias), Double(beta))
    let block = BroadcastRuns.longest / 2
    return [
      TensorBuilder.make(resultTypes[0]) { builder in
        withRunRoom(of: Double.self) { room in
          let (sums, run) = (room, room + block)
          for image in 0..<input.shape[0] {
            for channel in 0..<channels {
              let first = max(0, channel - (size - 1) / 2)
              let last = min(channels - 1, channel + size / 2)
              for position in stride(from: 0, to: plane, by: block) {
                let count = min(block, plane - position)
                func start(_ channel: Int) -> Int {
                  (image * channels + channel) * plane + position
                }
                sums.update(repeating: 0, count: count)
                for neighbour in first...last {
                  input.load(run, at: start(neighbour), count: count)
                  for i in 0..<count { sums[i] += run[i] * run[i] }
                }
                input.load(run, at: start(channel), count: count)
                for i in 0..<count { run[i] /= Mathematics.pow(bias + factor * sums[i], beta) }
                builder.store(UnsafePointer(run), at: start(channel), count: count)
              }
            }
          }
        }
      }
    ]
  }
}

// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

extension Pool: Evaluable {
  public func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor] {
    let input = try operands.require(.input)
    let type = resultTypes[0]
    switch kind {
    case .max:
      return [
        input.element.isFloat
          ? try maxima(input, type, as: Double.self) : try maxima(input, type, as: Int64.self)
      ]
    case .average: return [try sums(input, type, as: Double.self, areMeans: true)]
    case .sum:
      return [
        input.element.isFloat
          ? try sums(input, type, as: Double.self, areMeans: false)
          : try sums(input, type, as: Int64.self, areMeans: false)
      ]
    }
  }

  /// The relation of the positions of an input and a result.
  func offsets(_ input: Tensor, _ result: TensorType) throws(Failure) -> WindowOffsets {
    let window = try window(of: input)
    return WindowOffsets(
      window, before: window.before, input: Array(input.shape.extents[2...]),
      output: Array(result.shape.extents[2...]))
  }

  private func window(of input: Tensor) throws(Failure) -> Window {
    try checked { () throws(TypeMismatch) in try geometry(spatialRank: input.shape.rank - 2) }
  }

  private func maxima<Number: WideNumber>(
    _ input: Tensor, _ type: TensorType, as number: Number.Type
  ) throws(Failure) -> Tensor {
    let offsets = try self.offsets(input, type)
    return TensorBuilder.make(type) { builder in
      WindowMaxima<Number>(input: input, offsets: offsets).forEach { plane, positions, maxima, _ in
        builder.store(
          UnsafePointer(maxima), at: plane * offsets.positionCount + positions.lowerBound,
          count: positions.count)
      }
    }
  }

  private func sums<Number: WideNumber>(
    _ input: Tensor, _ type: TensorType, as number: Number.Type, areMeans: Bool
  ) throws(Failure) -> Tensor {
    let offsets = try self.offsets(input, type)
    let after = try window(of: input).after
    let plane = input.shape.extents[2...].reduce(1, *)
    let block = offsets.block(BroadcastRuns.longest / 2)
    return TensorBuilder.make(type) { builder in
      withRunRoom(of: Number.self) { room in
        let (sums, run) = (room, room + block)
        for first in stride(from: 0, to: offsets.positionCount, by: block) {
          let positions = first..<min(first + block, offsets.positionCount)
          let n = positions.count
          let table = offsets.offsets(positions)
          let counts = countPadding
            ? offsets.tapsInside(positions, after: after)
            : (0..<n).map { i in
              (0..<offsets.tapCount).count { table[$0 * n + i] >= 0 }
            }
          table.withUnsafeBufferPointer { table in
            for channel in 0..<input.shape[0] * input.shape[1] {
              sums.update(repeating: .zero, count: n)
              for tap in 0..<offsets.tapCount {
                input.gather(
                  run, at: channel * plane, offsets: table.baseAddress! + tap * n, count: n,
                  absent: .zero)
                for i in 0..<n { sums[i] = .sum(sums[i], run[i]) }
              }
              if areMeans {
                for i in 0..<n { sums[i] = .quotient(sums[i], by: counts[i]) }
              }
              builder.store(
                UnsafePointer(sums), at: channel * offsets.positionCount + first, count: n)
            }
          }
        }
      }
    }
  }
}

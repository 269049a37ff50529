// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

extension Resize: Evaluable {
  public func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor] {
    let input = try operands.require(.input)
    let axes: [AxisTaps] = sizes.indices.map { axis in
      isIdentity(axis: axis, inputExtent: input.shape[axis])
        ? nil : taps(axis: axis, inputExtent: input.shape[axis])
    }
    return [
      mode == .nearest
        ? picked(input, resultTypes[0], axes) : interpolated(input, resultTypes[0], axes)
    ]
  }

  /// The taps of an axis; nil if it is passed through.
  private typealias AxisTaps = [[ResizeTap]]?

  private func picked(_ input: Tensor, _ type: TensorType, _ taps: [AxisTaps]) -> Tensor {
    let strides = input.shape.rowMajorStrides
    let tables = taps.enumerated().map { axis, taps in
      (0..<sizes[axis]).map { position in
        guard let taps else { return position * strides[axis] }
        return taps[position].first.map { $0.index * strides[axis] } ?? -1
      }
    }
    let fill = Tensor(scalar: Double(extrapolation), input.element)
    return rearranged(input, to: type, tables, fill: fill)
  }

  /// Axis by axis in double, for each index of the leading axes that are passed through.
  private func interpolated(_ input: Tensor, _ type: TensorType, _ taps: [AxisTaps]) -> Tensor {
    let first = taps.firstIndex { $0 != nil } ?? taps.count
    let outer = input.shape.extents[..<first].reduce(1, *)
    let extents = Array(input.shape.extents[first...])
    let (size, resultSize) = (extents.reduce(1, *), type.shape.extents[first...].reduce(1, *))
    return TensorBuilder.make(type) { builder in
      for index in 0..<outer {
        var values = [Double](repeating: 0, count: size)
        values.withUnsafeMutableBufferPointer {
          if let base = $0.baseAddress { input.load(base, at: index * size, count: size) }
        }
        var extents = extents
        for axis in extents.indices {
          guard let taps = taps[first + axis] else { continue }
          values = interpolated(values, extents, axis, taps)
          extents[axis] = taps.count
        }
        values.withUnsafeBufferPointer {
          if let base = $0.baseAddress {
            builder.store(base, at: index * resultSize, count: resultSize)
          }
        }
      }
    }
  }

  private func interpolated(
    _ values: [Double], _ extents: [Int], _ axis: Int, _ taps: [[ResizeTap]]
  ) -> [Double] {
    let outer = extents[..<axis].reduce(1, *)
    let inner = extents[(axis + 1)...].reduce(1, *)
    var result: [Double] = []
    result.reserveCapacity(outer * taps.count * inner)
    for row in 0..<outer {
      for position in taps {
        for i in 0..<inner {
          var sum = position.isEmpty ? Double(extrapolation) : 0
          for tap in position {
            sum += tap.weight * values[(row * extents[axis] + tap.index) * inner + i]
          }
          result.append(sum)
        }
      }
    }
    return result
  }
}

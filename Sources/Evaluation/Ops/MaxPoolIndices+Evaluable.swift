// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

extension MaxPoolIndices: Evaluable {
  public func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor] {
    let input = try operands.require(.input)
    return [
      input.element.isFloat
        ? try indices(input, resultTypes[0], as: Double.self)
        : try indices(input, resultTypes[0], as: Int64.self)
    ]
  }

  private func indices<Number: WideNumber>(
    _ input: Tensor, _ type: TensorType, as number: Number.Type
  ) throws(Failure) -> Tensor {
    let offsets = try pool.offsets(input, type)
    let spatial = Array(input.shape.extents[2...])
    let size = spatial.reduce(1, *)
    return TensorBuilder.make(type) { builder in
      WindowMaxima<Number>(input: input, offsets: offsets).forEach { plane, positions, _, places in
        let indices = (0..<positions.count).map { i -> Int64 in
          guard places[i] >= 0 else { return -1 }
          let place = columnMajor ? Self.columnMajor(places[i], spatial) : places[i]
          return Int64(plane * size + place)
        }
        indices.withUnsafeBufferPointer {
          builder.store(
            $0.baseAddress!, at: plane * offsets.positionCount + positions.lowerBound,
            count: positions.count)
        }
      }
    }
  }

  /// A row-major offset in a plane, counted with the first axis fastest.
  private static func columnMajor(_ offset: Int, _ extents: [Int]) -> Int {
    var (rest, result) = (offset, 0)
    for (axis, extent) in extents.enumerated().reversed() {
      result += rest % extent * extents[..<axis].reduce(1, *)
      rest /= extent
    }
    return result
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// The weight and bias of a layer as integers with the scales that bring them back.
struct LayerQuantization {
  let weight: Tensor
  /// One scale, or one for each output.
  let weightScale: Tensor
  let bias: Tensor?
  let biasScale: Tensor?

  /// Rounds a weight and bias to the nearest integers.
  ///
  /// - Parameters:
  ///   - axis: The axis of the weight along which its outputs lie.
  ///   - input: The grid of the layer's input; a bias has the step input scale · weight scale, so
  ///     that it can be added to the sum of integer products.
  init(
    _ weight: Tensor, _ bias: Tensor?, axis: Int, _ element: ElementType, perChannel: Bool,
    input: IntegerGrid
  ) {
    let outputs = weight.shape[axis]
    let inner = weight.shape.extents[(axis + 1)...].reduce(1, *)
    let values = weight.doubles()
    func output(_ i: Int) -> Int { perChannel ? i / inner % outputs : 0 }
    var largest = Array(repeating: 0.0, count: perChannel ? outputs : 1)
    for (i, value) in values.enumerated() {
      largest[output(i)] = max(largest[output(i)], abs(value))
    }
    let biases = bias?.doubles()
    let grids = largest.enumerated().map { channel, size in
      let grid = IntegerGrid(element, from: -size, to: size, isSymmetric: true)
      let own = biases.map { perChannel ? abs($0[channel]) : $0.map { abs($0) }.max() ?? 0 } ?? 0
      // The bias has to fit into 32 bits, with room for the sum: then the weights' step is wider.
      let least = own / Double(input.scale) / Double(1 << 30)
      guard least > Double(grid.scale) else { return grid }
      let reach = least * Double(grid.highest)
      return IntegerGrid(element, from: -reach, to: reach, isSymmetric: true)
    }
    let scales = grids.map(\.scale)
    self.weight = Tensor(
      TensorType(element, weight.shape),
      wrapping: values.enumerated().map { i, value in
        let grid = grids[output(i)]
        let q = (value / Double(grid.scale)).rounded(.toNearestOrEven)
        return Int64(min(max(q, Double(grid.lowest)), Double(grid.highest)))
      })
    weightScale = Self.vector(scales, isScalar: !perChannel)
    guard let bias, let biases else {
      (self.bias, biasScale) = (nil, nil)
      return
    }
    let steps = scales.map { max($0 * input.scale, Float.leastNormalMagnitude) }
    self.bias = Tensor(
      TensorType(.i32, bias.shape),
      rounding: biases.enumerated().map { $1 / Double(steps[perChannel ? $0 : 0]) })
    biasScale = Self.vector(steps, isScalar: !perChannel)
  }

  private static func vector(_ values: [Float], isScalar: Bool) -> Tensor {
    guard let shape = Shape(isScalar ? [] : [values.count]) else {
      unreachable("as many scales as outputs make a shape")
    }
    return Tensor(TensorType(.f32, shape), storage: values)
  }
}

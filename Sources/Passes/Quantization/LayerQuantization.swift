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
    _ weight: Tensor, _ bias: Tensor?, axis: Int, _ weights: WeightGrids, perChannel: Bool,
    input: IntegerGrid
  ) {
    let outputs = weight.shape[axis]
    let inner = weight.shape.extents[(axis + 1)...].reduce(1, *)
    let values = weight.doubles()
    func output(_ i: Int) -> Int { perChannel ? i / inner % outputs : 0 }
    var groups: [[Double]] = Array(repeating: [], count: perChannel ? outputs : 1)
    for (i, value) in values.enumerated() { groups[output(i)].append(value) }
    let biases = bias?.doubles()
    let grids = weights.reach(of: groups).enumerated().map { channel, reach in
      let grid = weights.grid(reach)
      let own = biases.map { perChannel ? abs($0[channel]) : $0.map { abs($0) }.max() ?? 0 } ?? 0
      // The bias has to fit into 32 bits, with room for the sum: then the weights' step is wider.
      let least = own / Double(input.scale) / Double(1 << 30)
      guard least > Double(grid.scale) else { return grid }
      return weights.grid(least * Double(grid.highest))
    }
    let scales = grids.map(\.scale)
    let limits = WeightGrids.limits(weights.element)
    self.weight = Tensor(
      TensorType(weights.element, weight.shape),
      wrapping: values.enumerated().map { i, value in
        Int64(WeightGrids.nearest(value / Double(grids[output(i)].scale), limits))
      })
    weightScale = Self.vector(scales, isScalar: !perChannel)
    guard let bias, let biases else {
      (self.bias, biasScale) = (nil, nil)
      return
    }
    let steps = scales.map {
      min(max($0 * input.scale, Float.leastNormalMagnitude), Float.greatestFiniteMagnitude)
    }
    self.bias = Tensor(
      TensorType(.i32, bias.shape),
      rounding: biases.enumerated().map { $1 / Double(steps[perChannel ? $0 : 0]) })
    biasScale = Self.vector(steps, isScalar: !perChannel)
  }

  private static func vector(_ values: [Float], isScalar: Bool) -> Tensor {
    Tensor(TensorType(.f32, isScalar ? .scalar : .vector(values.count)), storage: values)
  }
}

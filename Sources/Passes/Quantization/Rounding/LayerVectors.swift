// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors

/// The vectors that a layer multiplies with the rows of its weight: the elements of the input under
/// each position of the output, and the result there.
struct LayerVectors {
  /// Groups of outputs that see the same vectors.
  let groups: Int
  /// The length of a vector.
  let length: Int
  /// The outputs of a group.
  let outputs: Int
  /// The positions of a result.
  let positions: Int
  /// Parts of a vector (channels), and the distance of one from the next in the input.
  private let channels: Int
  private let channelDistance: Int
  /// For each position the places of a part's elements in the input, −1 for padding.
  private let places: [Int32]
  /// The distances in the result.
  private let outputDistance: Int
  private let positionDistance: Int
  /// Where the positions of a batch begin in the input and the result.
  private let batch: [(input: Int, output: Int)]
  private let positionsOfBatch: Int

  /// For a convolution or matrix product of a weight; nil for what is none.
  init?(_ layer: OpID, in graph: Graph) {
    let operands = graph.operands(of: layer)
    guard let input = operands[0].map({ graph.type(of: $0).shape }),
      let weight = operands[1].map({ graph.type(of: $0) }),
      let result = graph.results(of: layer).first.map({ graph.type(of: $0).shape }),
      input.elementCount < 1 << 31, input.elementCount > 0, result.elementCount > 0
    else { return nil }
    let definition = graph.definition(of: layer)
    if let product = definition as? MatrixMultiply {
      guard weight.shape.rank == 2, input.rank >= 1 else { return nil }
      let rank = input.rank
      (groups, channels) = (1, 1)
      length = product.transposeRHS ? weight.shape[1] : weight.shape[0]
      outputs = weight.shape.elementCount / length
      let rows = result.elementCount / outputs
      positionsOfBatch = product.transposeLHS ? input[rank - 1] : rows
      positions = rows
      let (depth, step) = (length, product.transposeLHS ? input[rank - 1] : 1)
      places = (0..<positionsOfBatch * depth).map { i in
        let (row, k) = (i / depth, i % depth)
        return Int32(product.transposeLHS ? row + k * step : i)
      }
      (channelDistance, outputDistance, positionDistance) = (0, 1, outputs)
      let (own, height) = (positionsOfBatch, outputs)
      batch = (0..<rows / own).map { ($0 * own * depth, $0 * own * height) }
      return
    }
    let geometry: (window: Window, isTransposed: Bool, before: [Int])
    if let conv = definition as? Convolution, let window = try? conv.window(weight) {
      geometry = (window, false, window.before)
      groups = conv.groups
    } else if let conv = definition as? TransposedConvolution, conv.groups == 1,
      let window = try? conv.window(weight)
    {
      let axes = weight.shape.rank - 2
      geometry = (
        window, true,
        conv.padding.isEmpty ? Array(repeating: 0, count: axes) : Array(conv.padding[..<axes])
      )
      groups = 1
    } else {
      return nil
    }
    channels = input[1] / groups
    channelDistance = input.extents[2...].reduce(1, *)
    let taps = geometry.window.kernel.reduce(1, *)
    length = channels * taps
    outputs = result[1] / groups
    positionsOfBatch = result.extents[2...].reduce(1, *)
    positions = positionsOfBatch * result[0]
    (outputDistance, positionDistance) = (positionsOfBatch, 1)
    places = Self.places(
      geometry.window, geometry.before, isTransposed: geometry.isTransposed,
      input: Array(input.extents[2...]), output: Array(result.extents[2...]))
    let (own, other) = (input.elementCount / input[0], result.elementCount / result[0])
    batch = (0..<input[0]).map { ($0 * own, $0 * other) }
  }

  /// The place of the input element under each position and tap.
  private static func places(
    _ window: Window, _ before: [Int], isTransposed: Bool, input: [Int], output: [Int]
  ) -> [Int32] {
    let taps = window.kernel.reduce(1, *)
    let positions = output.reduce(1, *)
    var places = [Int32](repeating: 0, count: positions * taps)
    for position in 0..<positions {
      for tap in 0..<taps {
        var (restOfPosition, restOfTap, place, distance) = (position, tap, 0, 1)
        for axis in output.indices.reversed() {
          let at = restOfPosition % output[axis]
          let offset = restOfTap % window.kernel[axis] * window.dilations[axis]
          restOfPosition /= output[axis]
          restOfTap /= window.kernel[axis]
          let stride = window.strides[axis]
          let moved = at + before[axis] - offset
          let source =
            isTransposed
            ? (moved % stride == 0 ? moved / stride : -1)
            : at * stride + offset - before[axis]
          if place >= 0, source >= 0, source < input[axis], !(isTransposed && moved < 0) {
            place += source * distance
          } else {
            place = -1
          }
          distance *= input[axis]
        }
        places[position * taps + tap] = Int32(place)
      }
    }
    return places
  }

  /// Writes the vector at a position, and the results there.
  func read(
    _ position: Int, group: Int, _ input: UnsafePointer<Float>, _ result: UnsafePointer<Float>,
    _ vector: UnsafeMutablePointer<Float>, _ targets: UnsafeMutablePointer<Float>
  ) {
    let own = position % positionsOfBatch
    let start = batch[position / positionsOfBatch]
    let taps = length / channels
    for channel in 0..<channels {
      let base = input + start.input + (group * channels + channel) * channelDistance
      for tap in 0..<taps {
        let place = Int(places[own * taps + tap])
        vector[channel * taps + tap] = place < 0 ? 0 : base[place]
      }
    }
    let first = result + start.output + own * positionDistance
    for output in 0..<outputs {
      targets[output] = first[(group * outputs + output) * outputDistance]
    }
  }
}

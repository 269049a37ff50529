// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors

/// A convolution, or a transposed one, as matrix products: for each image and group, weights [O,
/// C·taps] times the input elements that the taps read [C·taps, positions], which are gathered
/// block by block.
struct ChannelConvolution<Number: ProductNumber> {
  let input: Tensor
  let weight: Tensor
  let bias: [Number]
  let inputZero: ZeroPoints<Number>
  let weightZero: ZeroPoints<Number>
  let groups: Int
  let offsets: WindowOffsets
  /// Whether weights are [C, O/groups, taps…] instead of [O, C/groups, taps…].
  let isTransposed: Bool

  /// The result [N, O, positions…].
  func evaluate(_ type: TensorType) -> Tensor {
    TensorBuilder.make(type) { builder in
      guard type.shape.elementCount > 0 else { return }
      let block = offsets.block(ProductBlocks<Number>.columnBlock)
      for first in stride(from: 0, to: offsets.positionCount, by: block) {
        let positions = first..<min(first + block, offsets.positionCount)
        let table = offsets.offsets(positions)
        table.withUnsafeBufferPointer { table in
          for image in 0..<input.shape[0] {
            for group in 0..<groups { convolve(image, group, positions, table, builder) }
          }
        }
      }
    }
  }

  private func convolve(
    _ image: Int, _ group: Int, _ positions: Range<Int>, _ table: UnsafeBufferPointer<Int>,
    _ builder: TensorBuilder
  ) {
    let taps = offsets.tapCount
    let plane = input.shape.extents[2...].reduce(1, *)
    let allChannels = input.shape[1]
    let channels = allChannels / groups
    let allOutputs = builder.type.shape[1]
    let outputs = allOutputs / groups
    let inputStart = (image * allChannels + group * channels) * plane
    let outputStart = (image * allOutputs + group * outputs) * offsets.positionCount
    let zero = inputZero[0]
    ProductBlocks<Number>(rows: outputs, depth: channels * taps, columns: positions.count).compute(
      loadLeft: { row, depth, piece in
        loadWeights(group, row, depth, piece)
        let zero = weightZero[group * outputs + row]
        if zero != .zero { for i in 0..<depth.count { piece[i] = .difference(piece[i], zero) } }
      },
      loadRight: { k, columns, piece in
        // Padding reads as the zero point, so that it contributes 0.
        input.gather(
          piece, at: inputStart + k / taps * plane,
          offsets: table.baseAddress! + k % taps * positions.count, count: columns.count,
          absent: zero)
        if zero != .zero { for i in 0..<columns.count { piece[i] = .difference(piece[i], zero) } }
      },
      store: { row, columns, sums in
        let channel = group * outputs + row
        if !bias.isEmpty { for i in 0..<columns.count { sums[i] = .sum(sums[i], bias[channel]) } }
        Number.store(
          sums, builder, at: outputStart + row * offsets.positionCount + positions.lowerBound,
          count: columns.count)
      })
  }

  /// The weights from a range of (input channel, tap) to one output channel of a group.
  private func loadWeights(
    _ group: Int, _ row: Int, _ depth: Range<Int>, _ piece: UnsafeMutablePointer<Number>
  ) {
    let taps = offsets.tapCount
    let channels = input.shape[1] / groups
    guard isTransposed else {
      let outputs = weight.shape[0] / groups
      let start = (group * outputs + row) * channels * taps
      weight.load(piece, at: start + depth.lowerBound, count: depth.count)
      return
    }
    let outputs = weight.shape[1]
    var k = depth.lowerBound
    while k < depth.upperBound {
      let (channel, tap) = k.quotientAndRemainder(dividingBy: taps)
      let count = min(taps - tap, depth.upperBound - k)
      let start = ((group * channels + channel) * outputs + row) * taps + tap
      weight.load(piece + (k - depth.lowerBound), at: start, count: count)
      k += count
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import LoopIR

/// The spatial positions of a convolution's result as rows and columns. A pointwise convolution over memory without gaps has them
/// all in one row.
struct OutputPlane {
  let height: Int
  let width: Int
  /// The axes of rows and columns; a tensor with one spatial axis has one row.
  let vertical: SpatialAxis
  let horizontal: SpatialAxis
  private let isJoined: Bool
  private let hasRows: Bool

  init(_ shape: ConvolutionShape, input: BufferLayout, output: BufferLayout? = nil) {
    horizontal = shape.axes[shape.axes.count - 1]
    hasRows = shape.axes.count == 2
    vertical = hasRows ? shape.axes[0] : .single
    let isPointwise = shape.axes.allSatisfy { $0.kernel == 1 && $0.stride == 1 && $0.before == 0 }
    let halos = input.halo + shape.halo + (output?.halo ?? [])
    let hasGaps = halos.contains { $0 != .none }
    isJoined = isPointwise && !hasGaps && hasRows
    height = isJoined ? 1 : vertical.output
    width = isJoined ? vertical.output * horizontal.output : horizontal.output
  }

  /// The coordinates of the result at a row and column.
  func output(_ batch: Index, _ channel: Index, _ row: Index, _ column: Index) -> [Index] {
    guard hasRows else { return [batch, channel, column] }
    guard isJoined else { return [batch, channel, row, column] }
    let width = horizontal.output
    return [batch, channel, column.quotient(by: width), column.remainder(by: width)]
  }

  /// The coordinates of the input that a tap reads for a row and column of the result.
  func input(
    _ batch: Index, _ channel: Index, _ row: Index, _ column: Index, taps: [Index]
  ) -> [Index] {
    if isJoined { return output(batch, channel, row, column) }
    let x = horizontal.coordinate(column, tap: taps[taps.count - 1])
    return hasRows
      ? [batch, channel, vertical.coordinate(row, tap: taps[0]), x] : [batch, channel, x]
  }
}

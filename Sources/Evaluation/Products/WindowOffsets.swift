// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Which input position each tap of a window reads for each output position: plane offsets, −1 for
/// padding. Taps and positions count in row-major order.
struct WindowOffsets {
  /// What relates input and output positions along the axes.
  enum Direction {
    /// input = output · stride + tap · dilation − before.
    case forward
    /// output = input · stride + tap · dilation − before: the transposed convolution.
    case transposed
  }

  /// The number of taps.
  let tapCount: Int
  /// The number of output positions.
  let positionCount: Int
  private let input: [Int]
  private let output: [Int]
  private let kernel: [Int]
  private let strides: [Int]
  private let dilations: [Int]
  private let before: [Int]
  private let direction: Direction

  /// The relation of planes of these extents.
  init(
    _ window: Window, before: [Int], input: [Int], output: [Int], _ direction: Direction = .forward
  ) {
    self.input = input
    self.output = output
    self.before = before
    self.direction = direction
    kernel = window.kernel
    strides = window.strides
    dilations = window.dilations
    tapCount = kernel.reduce(1, *)
    positionCount = output.reduce(1, *)
  }

  /// How many output positions to take at once, `longest` at most: fewer where windows are large, so
  /// that the table of their offsets stays below 128 MiB.
  func block(_ longest: Int) -> Int { max(1, min(longest, (1 << 24) / tapCount)) }

  /// The offsets for a range of output positions, as [tap][position].
  func offsets(_ positions: Range<Int>) -> [Int] {
    // Axis by axis the offset grows: outer offset · extent + position along the axis.
    var table = [Int](repeating: 0, count: tapCount * positions.count)
    for axis in input.indices {
      let tapStep = kernel[(axis + 1)...].reduce(1, *)
      let positionStep = output[(axis + 1)...].reduce(1, *)
      let outputs = positions.map { $0 / positionStep % output[axis] }
      for tap in 0..<tapCount {
        let shift = tap / tapStep % kernel[axis] * dilations[axis] - before[axis]
        for (i, position) in outputs.enumerated() {
          let entry = tap * positions.count + i
          guard table[entry] >= 0 else { continue }
          let source = source(of: position, shift: shift, axis: axis)
          table[entry] = source < 0 ? -1 : table[entry] * input[axis] + source
        }
      }
    }
    return table
  }

  /// For each position of a range how many taps lie inside the input or its padding.
  func tapsInside(_ positions: Range<Int>, after: [Int]) -> [Int] {
    positions.map { position in
      input.indices.reduce(1) { product, axis in
        let step = output[(axis + 1)...].reduce(1, *)
        let start = position / step % output[axis] * strides[axis]
        let end = input[axis] + before[axis] + after[axis]
        let reached = (end - start + dilations[axis] - 1) / dilations[axis]
        return product * min(kernel[axis], max(reached, 0))
      }
    }
  }

  /// The input position along an axis, −1 if there is none.
  @inline(__always)
  private func source(of position: Int, shift: Int, axis: Int) -> Int {
    switch direction {
    case .forward:
      let source = position * strides[axis] + shift
      return source < input[axis] ? max(source, -1) : -1
    case .transposed:
      let scaled = position - shift
      guard scaled >= 0, scaled % strides[axis] == 0 else { return -1 }
      let source = scaled / strides[axis]
      return source < input[axis] ? source : -1
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// The geometry that convolutions and pools share: one number for each spatial axis, or an empty list for the neutral value
/// (stride 1, dilation 1, no padding).
public struct Window: Sendable {
  /// Extents of the window.
  public let kernel: [Int]
  /// Distances of neighbouring windows.
  public let strides: [Int]
  /// Distances of neighbouring positions in a window.
  public let dilations: [Int]
  /// Padding in front of the first position.
  public let before: [Int]
  /// Padding behind the last position.
  public let after: [Int]

  /// The geometry with empty lists filled up, or what is wrong with it.
  public init(
    kernel: [Int], strides: [Int], dilations: [Int], padding: [Int], spatialRank rank: Int
  ) throws(TypeMismatch) {
    func filled(_ list: [Int], _ neutral: Int, _ what: String) throws(TypeMismatch) -> [Int] {
      if list.isEmpty { return Array(repeating: neutral, count: rank) }
      guard list.count == rank else {
        throw TypeMismatch("\(what) \(list.text) for \(rank) spatial axes")
      }
      return list
    }
    self.kernel = try filled(kernel, 1, "kernel size")
    self.strides = try filled(strides, 1, "strides")
    self.dilations = try filled(dilations, 1, "dilations")
    if padding.isEmpty {
      before = Array(repeating: 0, count: rank)
      after = before
    } else {
      guard padding.count == 2 * rank else {
        throw TypeMismatch("padding \(padding.text) for \(rank) spatial axes")
      }
      before = Array(padding[..<rank])
      after = Array(padding[rank...])
    }
    let limit = 1 << 24
    for i in 0..<rank {
      guard self.kernel[i] > 0, self.strides[i] > 0, self.dilations[i] > 0, self.kernel[i] < limit,
        self.strides[i] < limit, self.dilations[i] < limit
      else { throw TypeMismatch("kernel size, strides and dilations must be positive") }
      guard (0..<limit).contains(before[i]), (0..<limit).contains(after[i]) else {
        throw TypeMismatch("padding \(padding.text) is negative or too large")
      }
    }
    var taps = 1
    for extent in self.kernel {
      taps *= extent
      guard taps <= limit else {
        throw TypeMismatch("kernel size \(self.kernel.text) is more than \(limit) positions")
      }
    }
  }

  /// Positions that the dilated kernel covers along a spatial axis.
  public func span(_ axis: Int) -> Int { (kernel[axis] - 1) * dilations[axis] + 1 }

  /// Output positions for input positions along a spatial axis. With `ceiling`, a last window that hangs over the end counts
  /// if it starts inside the input or the padding before it.
  public func outputExtent(
    _ input: Int, axis: Int, ceiling: Bool = false
  ) throws(TypeMismatch) -> Int {
    let room = input + before[axis] + after[axis] - span(axis)
    guard room >= 0 else {
      throw TypeMismatch("the kernel spans \(span(axis)) positions, the padded input has \(room + span(axis))")
    }
    guard ceiling else { return room / strides[axis] + 1 }
    let count = (room + strides[axis] - 1) / strides[axis] + 1
    let startsInside = (count - 1) * strides[axis] < input + before[axis]
    return startsInside ? count : count - 1
  }
}

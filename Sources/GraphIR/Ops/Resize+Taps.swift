// SPDX-License-Identifier: Apache-2.0

/// One input position that an output position reads, and its share.
public struct ResizeTap: Hashable, Sendable {
  /// The position along the axis of the input.
  public let index: Int
  /// The factor of the element there; the weights of an output position sum to 1 (but for
  /// `exclude_outside` where nothing is left: 0).
  public let weight: Double
}

extension Resize {
  /// What each output position along an axis reads: the taps in ascending order of their index,
  /// each index once and without weights of 0; an empty list where the result is the extrapolation
  /// value (tf_crop_and_resize outside of the input). The whole result is the product over axes.
  /// Formulas and choices are those of ONNX's Resize-19, computed in double.
  public func taps(axis: Int, inputExtent: Int) -> [[ResizeTap]] {
    (0..<max(sizes[axis], 0)).map { position in
      let x = coordinate(of: position, axis: axis, inputExtent: inputExtent)
      if coordinates == .tfCropAndResize, !(x >= 0 && x <= Double(inputExtent - 1)) { return [] }
      return taps(around: x, scale: scales[axis], inputExtent: inputExtent)
    }
  }

  /// Whether an axis is passed through unchanged.
  public func isIdentity(axis: Int, inputExtent: Int) -> Bool {
    let rank = sizes.count
    let wholeRegion = coordinates != .tfCropAndResize
      || regionOfInterest[axis] == 0 && regionOfInterest[axis + rank] == 1
    return sizes[axis] == inputExtent && abs(scales[axis] - 1) <= 1e-9 && wholeRegion
  }

  /// The input coordinate that an output position stands for, kept within what an `Int` can hold.
  private func coordinate(of position: Int, axis: Int, inputExtent: Int) -> Double {
    let (y, scale, extent) = (Double(position), scales[axis], Double(inputExtent))
    let resized = scale * extent
    let x: Double =
      switch coordinates {
      case .alignCorners: resized == 1 ? 0 : y * (extent - 1) / (resized - 1)
      case .asymmetric: y / scale
      case .halfPixel: (y + 0.5) / scale - 0.5
      case .pytorchHalfPixel: resized == 1 ? 0 : (y + 0.5) / scale - 0.5
      case .tfHalfPixelForNN: (y + 0.5) / scale
      case .halfPixelSymmetric:
        extent / 2 * (1 - Double(sizes[axis]) / resized) + (y + 0.5) / scale - 0.5
      case .tfCropAndResize: cropCoordinate(y, axis: axis, extent: extent, resized: resized)
      }
    return x.isNaN ? 0 : min(max(x, -0x1p48), 0x1p48)
  }

  private func cropCoordinate(
    _ y: Double, axis: Int, extent: Double, resized: Double
  ) -> Double {
    let start = regionOfInterest[axis]
    let end = regionOfInterest[axis + sizes.count]
    let along =
      resized == 1
      ? (end - start) * (extent - 1) / 2 : y * (end - start) * (extent - 1) / (resized - 1)
    return along + start * (extent - 1)
  }

  /// The taps of the kernel laid around a coordinate; positions outside of the input are those at
  /// its border.
  private func taps(around x: Double, scale: Double, inputExtent: Int) -> [ResizeTap] {
    // The position left of the coordinate: for a whole number its left neighbour, at distance 1.
    let left = Int(x.rounded(.up)) - 1
    let ratio = x - Double(left)
    if mode == .nearest {
      let index = prefersLeft(ratio) ? left : left + 1
      return [ResizeTap(index: min(max(index, 0), inputExtent - 1), weight: 1)]
    }
    let shrink = antialias ? min(scale, 1) : 1
    let reach = mode == .cubic ? 2.0 : 1.0
    let first = Int((-reach / shrink).rounded(.down)) + 1
    let offsets = first..<(2 - first)
    var weights = offsets.map { kernel(shrink * (Double($0) - ratio)) }
    if antialias { Self.normalize(&weights) }
    if excludeOutside {
      for (i, offset) in offsets.enumerated() where !(0..<inputExtent).contains(left + offset) {
        weights[i] = 0
      }
      Self.normalize(&weights)
    }
    return merged(weights, first: left + first, inputExtent: inputExtent)
  }

  /// The weights of the positions from `first` on, those outside moved to the border.
  private func merged(_ weights: [Double], first: Int, inputExtent: Int) -> [ResizeTap] {
    var taps: [ResizeTap] = []
    for (i, weight) in weights.enumerated() where weight != 0 {
      let index = min(max(first + i, 0), inputExtent - 1)
      if let last = taps.last, last.index == index {
        taps[taps.count - 1] = ResizeTap(index: index, weight: last.weight + weight)
      } else {
        taps.append(ResizeTap(index: index, weight: weight))
      }
    }
    return taps.isEmpty ? [ResizeTap(index: 0, weight: 0)] : taps
  }

  private static func normalize(_ weights: inout [Double]) {
    let sum = weights.reduce(0, +)
    if sum != 0 { for i in weights.indices { weights[i] /= sum } }
  }

  /// Whether `nearest` takes the position on the left of a coordinate that lies `ratio` (over 0, at
  /// most 1) right of it.
  private func prefersLeft(_ ratio: Double) -> Bool {
    if ratio == 1 { return false }
    return switch rounding {
    case .roundPreferFloor: ratio <= 0.5
    case .roundPreferCeil: ratio < 0.5
    case .floor: true
    case .ceil: false
    }
  }

  /// The interpolation kernel: the triangle, or the cubic of Keys (1981) with the coefficient a.
  private func kernel(_ distance: Double) -> Double {
    let x = abs(distance)
    if mode == .linear { return max(0, 1 - x) }
    let a = cubic
    if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Resize and Upsample.
enum ResizeFamily: OperatorFamily {
  static let importers = [
    OperatorImporter("Resize", since: 10, "scales or sizes known when the model is read", read: resize),
    OperatorImporter("Upsample", until: 9, "scales known when the model is read", read: upsample),
  ]

  /// Upsample, and Resize of opset 10: the position is the quotient, rounded down.
  @Sendable static func upsample(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    var op = try interpolation(node)
    op.coordinates = .asymmetric
    op.rounding = .floor
    if node.opset < 9 {
      guard let scales = try node.floats("scales") else { throw node.failure("scales are missing") }
      op.scales = scales.map { Double($0) }
    } else {
      op.scales = try node.requireConstant(1, "scales").doubles()
    }
    op.sizes = try sizes(node, x, op.scales)
    return [try node.insert(op, x)]
  }

  @Sendable static func resize(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    if node.opset < 11 { return try upsample(node) }
    let x = try node.input(0)
    let extents = node.extents(x)
    var op = try interpolation(node)
    op.coordinates = try node.word(
      "coordinate_transformation_mode", default: ResizeCoordinates.halfPixel)
    op.rounding = try node.word("nearest_mode", default: NearestRounding.roundPreferFloor)
    op.cubic = Double(try node.float("cubic_coeff_a", default: -0.75))
    op.excludeOutside = try node.flag("exclude_outside")
    op.antialias = try node.flag("antialias")
    op.extrapolation = try node.float("extrapolation_value", default: 0)
    let axes = try node.axes(try node.ints("axes") ?? Array(extents.indices), rank: extents.count)
    if op.coordinates == .tfCropAndResize {
      op.regionOfInterest = try region(node, axes, rank: extents.count)
    }
    let policy = try node.string("keep_aspect_ratio_policy", default: "stretch")
    op.scales = Array(repeating: 1, count: extents.count)
    op.sizes = extents
    if let wanted = try given(3, "sizes", node, count: axes.count) {
      try apply(wanted.map { Int($0) }, axes, policy, to: &op, node, extents)
    } else if let scales = try given(2, "scales", node, count: axes.count) {
      for (axis, scale) in zip(axes, scales) { op.scales[axis] = scale }
      op.sizes = try sizes(node, x, op.scales, region: op.regionOfInterest)
    } else {
      throw node.failure("neither scales nor sizes are given")
    }
    return [try node.insert(op, x)]
  }

  private static func interpolation(_ node: NodeContext) throws(Failure) -> Resize {
    var op = Resize()
    switch try node.string("mode", default: "nearest") {
    case "nearest": op.mode = .nearest
    case "linear", "bilinear": op.mode = .linear
    case "cubic": op.mode = .cubic
    case let other: throw node.failure("mode is '\(other)', expected nearest, linear or cubic")
    }
    return op
  }

  /// A list among the operands; an empty one says nothing.
  private static func given(
    _ index: Int, _ what: String, _ node: NodeContext, count: Int
  ) throws(Failure) -> [Double]? {
    guard let value = node.optional(index), node.type(value).shape.elementCount > 0 else {
      return nil
    }
    let values = try node.requireConstant(index, what).doubles()
    guard values.count == count, values.allSatisfy({ $0.isFinite && $0 > 0 && $0 < 0x1p47 }) else {
      throw node.failure("\(what) \(values.text) for \(count) axes")
    }
    return values
  }

  /// ⌊extent · scale⌋, with the part of the input that is resized taken for the extent.
  private static func sizes(
    _ node: NodeContext, _ x: ValueID, _ scales: [Double], region: [Double] = []
  ) throws(Failure) -> [Int] {
    let extents = node.extents(x)
    guard scales.count == extents.count, scales.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw node.failure("scales \(scales.text) for \(node.type(x))")
    }
    var sizes: [Int] = []
    for (axis, extent) in extents.enumerated() {
      let part = region.isEmpty ? 1 : region[axis + extents.count] - region[axis]
      // The scale is stored in 32 bits, so that 6 · 0.6666667 may come out a little above or below.
      let size = Float(Double(extent) * part) * Float(scales[axis])
      guard size.isFinite, size >= 0, size < 0x1p47 else {
        throw node.failure("scales \(scales.text) for \(node.type(x))")
      }
      sizes.append(Int(size.rounded(.down)))
    }
    return sizes
  }

  private static func apply(
    _ wanted: [Int], _ axes: [Int], _ policy: String, to op: inout Resize, _ node: NodeContext,
    _ extents: [Int]
  ) throws(Failure) {
    var ratios: [Double] = []
    for (axis, size) in zip(axes, wanted) {
      guard extents[axis] > 0 else { throw node.failure("axis \(axis) has no positions") }
      ratios.append(Double(size) / Double(extents[axis]))
    }
    switch policy {
    case "stretch":
      for (i, axis) in axes.enumerated() {
        op.scales[axis] = ratios[i]
        op.sizes[axis] = wanted[i]
      }
    case "not_larger", "not_smaller":
      let ratio = (policy == "not_larger" ? ratios.min() : ratios.max()) ?? 1
      for axis in axes {
        let size = (ratio * Double(extents[axis]) + 0.5).rounded(.down)
        guard size < 0x1p47 else { throw node.failure("sizes \(wanted.text) are too large") }
        op.scales[axis] = ratio
        op.sizes[axis] = Int(size)
      }
    default: throw node.failure("keep_aspect_ratio_policy is '\(policy)'")
    }
  }

  /// Where each axis starts and ends, as a share of it.
  private static func region(
    _ node: NodeContext, _ axes: [Int], rank: Int
  ) throws(Failure) -> [Double] {
    let values = try node.requireConstant(1, "roi").doubles()
    guard values.count == 2 * axes.count, values.allSatisfy(\.isFinite) else {
      throw node.failure("roi \(values.text) for \(axes.count) axes")
    }
    var region = Array(repeating: 0.0, count: rank) + Array(repeating: 1.0, count: rank)
    for (i, axis) in axes.enumerated() {
      region[axis] = values[i]
      region[axis + rank] = values[axes.count + i]
    }
    return region
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// The geometry that convolutions and pools share in ONNX, made explicit.
struct WindowAttributes {
  let kernel: [Int]
  let strides: [Int]
  let dilations: [Int]
  /// Positions before each spatial axis, then after each.
  var padding: [Int]
  let automatic: AutomaticPadding

  /// How the padding is chosen.
  enum AutomaticPadding: String, CaseIterable {
    case none = "NOTSET"
    case sameUpper = "SAME_UPPER"
    case sameLower = "SAME_LOWER"
    case valid = "VALID"

    var isSame: Bool { self == .sameUpper || self == .sameLower }
  }

  /// The most that a stride, a dilation, a kernel or a padding can be.
  private static let limit = 1 << 24
  /// The most positions of a spatial axis, so that products with strides fit.
  private static let extentLimit = 1 << 36

  /// Reads the attributes of a node whose kernel and spatial extents are known.
  init(_ node: NodeContext, kernel: [Int], spatial: [Int]) throws(Failure) {
    let rank = kernel.count
    guard spatial.count == rank, spatial.allSatisfy({ $0 <= Self.extentLimit }) else {
      throw node.failure("a kernel \(kernel.text) for the spatial extents \(spatial.text)")
    }
    func list(_ name: String, _ neutral: Int, count: Int, least: Int) throws(Failure) -> [Int] {
      guard let given = try node.ints(name), !given.isEmpty else {
        return Array(repeating: neutral, count: count)
      }
      guard given.count == count else {
        throw node.failure("\(name) \(given.text) for \(rank) spatial axes")
      }
      guard given.allSatisfy({ $0 >= least && $0 < Self.limit }) else {
        throw node.failure("\(name) \(given.text) is out of range")
      }
      return given
    }
    guard kernel.allSatisfy({ $0 > 0 && $0 < Self.limit }) else {
      throw node.failure("kernel_shape \(kernel.text) is out of range")
    }
    self.kernel = kernel
    strides = try list("strides", 1, count: rank, least: 1)
    dilations = try list("dilations", 1, count: rank, least: 1)
    automatic = try node.word("auto_pad", default: AutomaticPadding.none)
    let given = try list("pads", 0, count: 2 * rank, least: -Self.limit)
    switch automatic {
    case .none: padding = given
    case .valid: padding = Array(repeating: 0, count: 2 * rank)
    case .sameUpper, .sameLower:
      var before: [Int] = []
      var after: [Int] = []
      for axis in 0..<rank {
        let outputs = (spatial[axis] + strides[axis] - 1) / strides[axis]
        let span = (kernel[axis] - 1) * dilations[axis] + 1
        let needed = (outputs - 1) * strides[axis] + span - spatial[axis]
        // With one position too many the window starts at the first in any reading.
        if needed < -1 {
          node.warn(
            "auto_pad is \(automatic.rawValue), and windows of \(span) every \(strides[axis]) positions need no padding of axis "
              + "\(axis + 2): the first starts at its first position, as in TensorFlow; onnxruntime cuts the input on both sides, or "
              + "refuses")
        }
        let total = max(needed, 0)
        let less = total / 2
        before.append(automatic == .sameUpper ? less : total - less)
        after.append(automatic == .sameUpper ? total - less : less)
      }
      padding = before + after
    }
  }

  /// Positions that the dilated kernel covers along a spatial axis.
  func span(_ axis: Int) -> Int { (kernel[axis] - 1) * dilations[axis] + 1 }

  /// The input of a convolution or pool with negative paddings cut off, which then are 0.
  mutating func cut(_ x: ValueID, _ node: NodeContext) throws(Failure) -> ValueID {
    guard padding.contains(where: { $0 < 0 }) else { return x }
    let rank = kernel.count
    let before = [0, 0] + padding[..<rank].map { min($0, 0) }
    let after = [0, 0] + padding[rank...].map { min($0, 0) }
    padding = padding.map { max($0, 0) }
    return try node.pad(x, before: before, after: after)
  }

  /// The list, or an empty one if all of it is neutral.
  static func trimmed(_ list: [Int], neutral: Int) -> [Int] {
    list.allSatisfy { $0 == neutral } ? [] : list
  }

  /// Enters the geometry in a convolution.
  func apply(to op: inout Convolution) {
    op.strides = Self.trimmed(strides, neutral: 1)
    op.dilations = Self.trimmed(dilations, neutral: 1)
    op.padding = Self.trimmed(padding, neutral: 0)
  }

  /// Enters the geometry in a pool.
  func apply(to op: inout Pool) {
    op.window = kernel
    op.strides = Self.trimmed(strides, neutral: 1)
    op.dilations = Self.trimmed(dilations, neutral: 1)
    op.padding = Self.trimmed(padding, neutral: 0)
  }
}

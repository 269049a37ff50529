// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// How values between positions are made.
public enum ResizeMode: String, AttributeWord { case nearest, linear, cubic }

/// Which input coordinate an output position stands for (the names and formulas of ONNX's Resize).
public enum ResizeCoordinates: String, AttributeWord {
  case halfPixel = "half_pixel"
  case halfPixelSymmetric = "half_pixel_symmetric"
  case pytorchHalfPixel = "pytorch_half_pixel"
  case alignCorners = "align_corners"
  case asymmetric
  case tfHalfPixelForNN = "tf_half_pixel_for_nn"
  case tfCropAndResize = "tf_crop_and_resize"
}

/// Which way `nearest` rounds.
public enum NearestRounding: String, AttributeWord {
  case roundPreferFloor = "round_prefer_floor"
  case roundPreferCeil = "round_prefer_ceil"
  case floor, ceil
}

/// Resampling along each axis on its own (ONNX Resize): nearest, linear or cubic interpolation. `taps` gives what each output position
/// reads.
public struct Resize: OpDefinition {
  public enum Operand: Int, OperandName { case input }
  public static let name = "resize"
  public static let summary = "resampling to other extents"
  public static let fields: [Field<Self>] = [
    Field("sizes", \.sizes, "the extents of the result"),
    Field("scales", \.scales, "the factor for each axis that maps coordinates"),
    Field("mode", \.mode, "the interpolation"),
    Field("coordinates", \.coordinates, "which coordinate an output position stands for"),
    Field("rounding", \.rounding, "which way nearest rounds"),
    Field("cubic", \.cubic, "the coefficient a of the cubic kernel"),
    Field("exclude_outside", \.excludeOutside, "whether positions outside weigh nothing"),
    Field("antialias", \.antialias, "whether the kernel widens when the result is smaller"),
    Field("roi", \.regionOfInterest, "tf_crop_and_resize: start for each axis, then end for each"),
    Field("extrapolation", \.extrapolation, "tf_crop_and_resize: the value outside"),
  ]
  public var sizes: [Int] = []
  public var scales: [Double] = []
  public var mode = ResizeMode.nearest
  public var coordinates = ResizeCoordinates.halfPixel
  public var rounding = NearestRounding.roundPreferFloor
  public var cubic: Double = -0.75
  public var excludeOutside = false
  public var antialias = false
  public var regionOfInterest: [Double] = []
  public var extrapolation: Float = 0

  public init() {}

  public func resultTypes(
    of operands: OperandTypes<Self>
  ) throws(TypeMismatch) -> [TensorType] {
    let input = try operands.require(.input)
    let rank = input.shape.rank
    guard sizes.count == rank, scales.count == rank else {
      throw TypeMismatch("sizes \(sizes.text) and scales \(scales.text) for \(input.shape)")
    }
    guard scales.allSatisfy({ $0 >= 0x1p-24 && $0 <= 0x1p24 }) else {
      throw TypeMismatch("scales \(scales.text) are not within 2^-24 and 2^24")
    }
    guard mode == .nearest || input.element.isFloat || input.element.isInteger else {
      throw TypeMismatch("interpolation takes numbers, not \(input.element.rawValue)")
    }
    if coordinates == .tfCropAndResize {
      guard regionOfInterest.count == 2 * rank, regionOfInterest.allSatisfy(\.isFinite) else {
        throw TypeMismatch("roi \(regionOfInterest.text) for \(input.shape)")
      }
    }
    for axis in 0..<rank where input.shape[axis] == 0 && sizes[axis] > 0 {
      throw TypeMismatch("axis \(axis) of \(input.shape) has nothing to resample")
    }
    return [TensorType(input.element, try checkedShape(sizes))]
  }
}

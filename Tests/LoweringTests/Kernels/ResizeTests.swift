// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors
import Testing

@Suite struct ResizeTests {
  static let targets = ["c99", "m4", "x86-64-v3", "x86-64-v4"]

  private static func op(
    _ mode: ResizeMode, _ input: [Int], _ sizes: [Int], _ coordinates: ResizeCoordinates
  ) -> Resize {
    var op = Resize()
    op.mode = mode
    op.sizes = sizes
    op.scales = zip(sizes, input).map { Double($0) / Double($1) }
    op.coordinates = coordinates
    if coordinates == .tfCropAndResize {
      op.regionOfInterest = input.map { _ in 0 } + input.map { _ in 1 }
      let rank = input.count
      op.regionOfInterest[rank - 1] = -0.3
      op.regionOfInterest[2 * rank - 1] = 0.9
      op.regionOfInterest[2 * rank - 2] = 1.4
      op.extrapolation = 7
    }
    return op
  }

  @Test(arguments: [ResizeMode.nearest, .linear, .cubic], targets)
  func resizes(_ mode: ResizeMode, _ target: String) throws {
    for (number, sizes) in [[2, 3, 8, 10], [2, 3, 7, 3], [1, 5, 4, 5], [2, 3, 4, 15]].enumerated() {
      for coordinates in [
        ResizeCoordinates.halfPixel, .asymmetric, .alignCorners, .tfCropAndResize,
      ] {
        let input = [2, 3, 4, 5]
        for element in [ElementType.f32, .u8, .f64, .f16] {
          try KernelSample("resize \(mode) \(number) \(coordinates) \(element)") { g in
            let op = Self.op(mode, input, sizes, coordinates)
            g.output(try g.op(op, try g.input(element, input)))
          }.check(on: target, integerSteps: mode == .nearest ? 0 : 1)
        }
        try KernelSample("resize blocked \(mode) \(number) \(coordinates)") { g in
          let y = try g.op(
            Convolution(), try g.input(.f32, input), try g.constant(.f32, [20, 3, 1, 1]))
          let op = Self.op(mode, [2, 20, 4, 5], [sizes[0], 20, sizes[2], sizes[3]], coordinates)
          g.output(try g.op(Unary(.relu), try g.op(op, y)))
        }.check(on: target)
      }
    }
  }

  @Test(arguments: [ResizeMode.linear, .cubic], targets)
  func shrinks(_ mode: ResizeMode, _ target: String) throws {
    try KernelSample("antialias \(mode)") { g in
      var op = Self.op(mode, [1, 2, 40, 33], [1, 2, 3, 5], .halfPixel)
      op.antialias = true
      let x = try g.input(.f32, [1, 2, 40, 33])
      g.output(try g.op(op, x))
      op.excludeOutside = true
      g.output(try g.op(op, x))
      g.output(try g.op(op, try g.input(.i16, [1, 2, 40, 33])))
    }.check(on: target)
  }
}

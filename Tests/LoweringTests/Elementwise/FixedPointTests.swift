// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors
import Testing

@Suite struct FixedPointTests {
  static let scales: [Double] = [
    0, 1e-40, 1e-30, 0x1p-31, 3e-7, 0.001, 0.3, 0.5, -0.25, 1, 1.75, 300, 1e20, .infinity, .nan,
  ]
  static let targets = ["c99", "m0plus", "x86-64-v3"]

  /// Literals for scales that are known and uniform, bits of memory for others.
  @Test(arguments: [ElementType.i8, .i32, .u32, .i64], targets)
  func requantizes(_ from: ElementType, _ target: String) throws {
    for to in [ElementType.i8, .u8, .i16] { try requantize(from, to, target) }
  }

  private func requantize(_ from: ElementType, _ to: ElementType, _ target: String) throws {
    var op = Requantize()
    op.to = to
    op.form = .fixedPoint
    try KernelSample("fixed point \(from) \(to)") { g in
      let x = try g.input(from, [2, 16, 3, 5])
      for scale in Self.scales {
        g.output(try g.op(op, x, g.constant(scale, .f32), g.constant(-3, to)))
      }
      let small = try g.op(
        Binary(.mul), try g.constant(.f32, [16]), g.constant(from == .i8 ? 1 : 1e-7, .f32))
      g.output(try g.op(op, x, small, try g.constant(to, [16])))
      g.output(try g.op(op, x, try g.constant(.f32, [16])))
      g.output(try g.op(op, x, try g.input(.f32, [])))
    }.check(on: target)
  }

  /// Behind a layer, with a scale for each output.
  @Test(arguments: targets) func epilogues(_ target: String) throws {
    try KernelSample("fixed point epilogue") { g in
      let x = try g.input(.i8, [1, 5, 6, 6])
      for isWide in [false, true] {
        var layer = Convolution()
        layer.padding = [1, 1, 1, 1]
        layer.isWide = isWide
        let sums = try g.op(
          layer, x, try g.constant(.i8, [20, 5, 3, 3]),
          try g.constant(isWide ? .i64 : .i32, [20]), g.constant(-5, .i8))
        var op = Requantize()
        op.to = .i8
        op.form = .fixedPoint
        let scales = try g.op(
          Binary(.mul), try g.constant(.f32, [20]), g.constant(1e-9, .f32))
        g.output(try g.op(op, sums, scales, g.constant(-128, .i8)))
      }
    }.check(on: target)
  }
}

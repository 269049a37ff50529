// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors
import Testing

@Suite struct TransposedConvolutionTests {
  @Test(arguments: 0..<24, KernelSample.targets)
  func geometry(_ number: Int, _ target: String) throws {
    // Strides and dilations with and without common divisors, cuts of both signs.
    var op = TransposedConvolution()
    op.strides = [[1, 1], [2, 2], [3, 2], [4, 6], [2, 3], [5, 1]][number % 6]
    op.dilations = [[], [2, 1], [1, 3], [2, 4]][number % 4]
    op.padding = [[], [1, 0, 2, 1], [-1, -3, 0, -2], [0, 1, -2, 1]][number / 6]
    op.groups = [1, 2][number / 2 % 2]
    let outputs = [3, 16, 5][number % 3]
    let kernel = [[3, 3], [2, 4], [1, 5]][number / 8]
    try KernelSample("conv_transpose \(number)") { g in
      let x = try g.input(.f32, [2, 6, 4, 5])
      let w = try g.constant(.f32, [6, outputs] + kernel)
      let b = number % 5 == 0 ? nil : try g.constant(.f32, [outputs * op.groups])
      var relu = Unary()
      relu.function = .relu
      g.output(try g.op(relu, try g.op(op, x, w, b)))
    }.check(on: target)
  }

  @Test(arguments: [ElementType.f32, .f16, .f64], ["m4", "x86-64-v4"])
  func otherRanks(_ element: ElementType, _ target: String) throws {
    for rank in [1, 3] {
      try KernelSample("conv_transpose of rank \(rank)") { g in
        var op = TransposedConvolution()
        op.strides = Array([2, 1, 3].prefix(rank))
        let x = try g.input(element, [1, 4] + [3, 4, 2].prefix(rank))
        let w = try g.input(element, [4, 3] + [3, 2, 4].prefix(rank))
        g.output(try g.op(op, x, w))
      }.check(on: target)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors
import Testing

@Suite struct PoolTests {
  struct Case: Sendable {
    var input: [Int]
    var window: [Int]
    var strides: [Int] = []
    var padding: [Int] = []
    var dilations: [Int] = []
    var ceil = false

    func op(_ kind: PoolKind, countPadding: Bool = false) -> Pool {
      var op = Pool()
      op.kind = kind
      op.window = window
      op.strides = strides
      op.padding = padding
      op.dilations = dilations
      op.ceil = ceil
      op.countPadding = countPadding
      return op
    }
  }

  static let cases: [Case] = [
    Case(input: [1, 3, 8, 8], window: [2, 2], strides: [2, 2]),
    Case(input: [2, 16, 7, 9], window: [3, 3], strides: [2, 2], padding: [1, 1, 1, 1]),
    Case(input: [1, 20, 6, 7], window: [3, 2], padding: [2, 1, 1, 0], ceil: true),
    Case(input: [1, 2, 10, 9], window: [3, 3], strides: [2, 3], dilations: [2, 3], ceil: true),
    Case(input: [1, 16, 5, 5], window: [5, 5]),
    Case(input: [1, 4, 13], window: [4], strides: [3], padding: [1, 2], ceil: true),
    Case(input: [1, 2, 4, 5, 6], window: [2, 3, 2], strides: [2, 1, 2], padding: [1, 0, 0, 0, 2, 1]),
  ]

  @Test(arguments: cases.indices, KernelSample.targets)
  func floats(_ number: Int, _ target: String) throws {
    let c = Self.cases[number]
    try KernelSample("pool \(number)") { g in
      let x = try g.input(.f32, c.input)
      // Behind a convolution the input lies in blocks.
      let w = try g.constant(.f32, [c.input[1], c.input[1]] + c.window.map { _ in 1 })
      let blocked = try g.op(Convolution(), x, w)
      for value in [x, blocked] {
        g.output(try g.op(c.op(.max), value))
        g.output(try g.op(c.op(.average), value))
        g.output(try g.op(c.op(.average, countPadding: true), value))
      }
    }.check(on: target)
  }

  @Test(arguments: cases.indices, [ElementType.i8, .u8, .i64, .f16, .f64, .f32])
  func indicesAndOtherTypes(_ number: Int, _ element: ElementType) throws {
    let c = Self.cases[number]
    for target in ["m4", "x86-64-v3"] {
      try KernelSample("pool \(element) \(number)") { g in
        let x = try g.input(element, c.input)
        g.output(try g.op(c.op(.max), x))
        g.output(try g.op(c.op(.sum), x))
        var indices = MaxPoolIndices()
        indices.pool = c.op(.max)
        g.output(try g.op(indices, x))
        indices.columnMajor = true
        g.output(try g.op(indices, x))
      }.check(on: target)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Lowering
import Tensors
import Testing

@Suite struct ConvolutionTests {
  /// The attributes and extents of a convolution.
  struct Case: Sendable {
    var input: [Int]
    var outputs: Int
    var kernel: [Int]
    var strides: [Int] = []
    var padding: [Int] = []
    var dilations: [Int] = []
    var groups = 1
    var isBiased = true

    var op: Convolution {
      var op = Convolution()
      op.strides = strides
      op.padding = padding
      op.dilations = dilations
      op.groups = groups
      return op
    }

    var weight: [Int] { [outputs, input[1] / groups] + kernel }
  }

  static let cases: [Case] = [
    Case(input: [1, 3, 9, 9], outputs: 16, kernel: [3, 3], padding: [1, 1, 1, 1]),
    Case(input: [2, 5, 7, 6], outputs: 7, kernel: [3, 2], strides: [2, 1], padding: [1, 0, 0, 2]),
    Case(input: [1, 16, 7, 7], outputs: 40, kernel: [1, 1], isBiased: false),
    Case(input: [1, 20, 5, 5], outputs: 9, kernel: [1, 1], strides: [2, 2]),
    Case(input: [1, 4, 8, 9], outputs: 8, kernel: [3, 3], padding: [2, 3, 4, 0], dilations: [2, 3]),
    Case(input: [1, 8, 6, 6], outputs: 8, kernel: [3, 3], padding: [1, 1, 1, 1], groups: 8),
    Case(input: [1, 20, 6, 7], outputs: 20, kernel: [5, 5], strides: [2, 2], padding: [2, 2, 2, 2], groups: 20),
    Case(input: [1, 6, 5, 5], outputs: 12, kernel: [3, 3], padding: [1, 1, 1, 1], groups: 6),
    Case(input: [1, 28, 4, 5], outputs: 28, kernel: [1, 1], groups: 4),
    Case(input: [1, 24, 4, 4], outputs: 36, kernel: [3, 3], padding: [1, 1, 1, 1], groups: 2),
    Case(input: [1, 32, 4, 4], outputs: 32, kernel: [3, 3], padding: [1, 1, 1, 1], groups: 2),
    Case(input: [2, 6, 11], outputs: 5, kernel: [4], strides: [3], padding: [2, 1]),
    Case(input: [1, 6, 11], outputs: 6, kernel: [3], padding: [1, 1], groups: 6),
    Case(input: [1, 3, 4, 5, 4], outputs: 6, kernel: [2, 3, 3], padding: [1, 1, 0, 0, 1, 2]),
    Case(input: [1, 17, 1, 1], outputs: 32, kernel: [1, 1]),
    Case(input: [1, 2, 2, 2], outputs: 3, kernel: [3, 3], padding: [3, 3, 3, 3]),
    Case(input: [1, 3, 5, 4], outputs: 4, kernel: [1, 1], padding: [0, 0, 1, 2]),
    Case(input: [1, 8, 3, 17], outputs: 33, kernel: [3, 3], padding: [1, 1, 1, 1]),
  ]

  @Test(arguments: cases.indices, KernelSample.targets)
  func floats(_ number: Int, _ target: String) throws {
    let c = Self.cases[number]
    try KernelSample("conv \(number)") { g in
      let x = try g.input(.f32, c.input)
      let w = try g.constant(.f32, c.weight)
      let b = c.isBiased ? try g.constant(.f32, [c.outputs]) : nil
      g.output(try g.op(c.op, x, w, b))
    }.check(on: target)
  }

  @Test(arguments: cases.indices, ["m4", "x86-64-v3"])
  func weightsKnownAtRunTime(_ number: Int, _ target: String) throws {
    let c = Self.cases[number]
    try KernelSample("conv at run time \(number)") { g in
      let x = try g.input(.f32, c.input)
      let w = try g.input(.f32, c.weight)
      let b = try g.input(.f32, [c.outputs])
      g.output(try g.op(c.op, x, w, b))
    }.check(on: target)
  }

  @Test(
    arguments: cases.indices,
    [(ElementType.u8, ElementType.i8), (.i8, .i8), (.i16, .u8), (.i8, .i4)])
  func integers(_ number: Int, _ types: (ElementType, ElementType)) throws {
    let c = Self.cases[number]
    for target in ["m0plus", "x86-64-v4"] {
      try KernelSample("integer conv \(number) \(types)") { g in
        let x = try g.input(types.0, c.input)
        let w = try g.constant(types.1, c.weight)
        let b = c.isBiased ? try g.constant(.i32, [c.outputs]) : nil
        let xZero = number % 3 == 0 ? nil : g.constant(3, types.0)
        let perChannel = number % 2 == 0 && types.1 != .i4
        let wZero = perChannel ? try g.constant(types.1, [c.outputs]) : nil
        g.output(try g.op(c.op, x, w, b, xZero, wZero))
        var wide = c.op
        wide.isWide = true
        let wideBias = c.isBiased ? try g.constant(.i64, [c.outputs]) : nil
        g.output(try g.op(wide, x, w, wideBias, xZero, wZero))
      }.check(on: target)
    }
  }

  @Test(arguments: [ElementType.f16, .f64], ["c99", "x86-64-v4"])
  func otherFloats(_ element: ElementType, _ target: String) throws {
    for c in Self.cases {
      try KernelSample("conv \(element)") { g in
        let x = try g.input(element, c.input)
        g.output(try g.op(c.op, x, try g.constant(element, c.weight)))
      }.check(on: target)
    }
  }

  /// A net of convolutions that hand blocked and bordered tensors to each other, with sums and activations in their kernels.
  @Test(arguments: KernelSample.targets)
  func chains(_ target: String) throws {
    try KernelSample("chain") { g in
      let x = try g.input(.f32, [1, 3, 12, 12])
      var relu = Unary()
      relu.function = .relu
      var add = Binary()
      add.function = .add
      let padded = Case(input: [], outputs: 0, kernel: [], padding: [1, 1, 1, 1])
      let strided = Case(
        input: [], outputs: 0, kernel: [], strides: [2, 2], padding: [1, 1, 1, 1])
      var depthwise = padded
      depthwise.groups = 20
      let stem = try g.op(
        relu,
        try g.op(
          strided.op, x, try g.constant(.f32, [20, 3, 3, 3]), try g.constant(.f32, [20])))
      let a = try g.op(depthwise.op, stem, try g.constant(.f32, [20, 1, 3, 3]))
      let b = try g.op(Convolution(), a, try g.constant(.f32, [20, 20, 1, 1]))
      let sum = try g.op(relu, try g.op(add, b, stem))
      let c = try g.op(padded.op, sum, try g.constant(.f32, [36, 20, 3, 3]))
      let scale = try g.constant(.f32, [1, 36, 1, 1])
      var multiply = Binary()
      multiply.function = .mul
      g.output(try g.op(multiply, c, scale))
      g.output(sum)
    }.check(on: target)
  }

  @Test func chosenKernels() throws {
    let wanted = [0: "blocked-conv", 6: "depthwise-conv", 8: "blocked-conv", 13: "generic-conv"]
    for (number, name) in wanted.sorted(by: { $0.key < $1.key }) {
      let c = Self.cases[number]
      try KernelSample("choice \(number)") { g in
        let x = try g.input(.f32, c.input)
        g.output(try g.op(c.op, x, try g.constant(.f32, c.weight)))
      }.check(on: "x86-64-v3", lowering: name)
    }
  }
}

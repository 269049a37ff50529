// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Lowering
import Tensors
import Testing

/// Integer convolutions and products by constant weights: the kernels of dot products.
@Suite struct ByteKernelTests {
  static let shapes = ConvolutionTests.cases + [
    .init(input: [1, 1, 10, 7], outputs: 5, kernel: [4, 4], strides: [2, 2], padding: [1, 2, 2, 1]),
    .init(input: [1, 16, 6, 7], outputs: 18, kernel: [3, 3], padding: [1, 1, 1, 1]),
    .init(input: [1, 64, 1, 1], outputs: 10, kernel: [1, 1]),
    .init(input: [2, 19, 9], outputs: 6, kernel: [3], padding: [1, 1]),
    .init(input: [1, 8, 6, 6], outputs: 6, kernel: [2, 3], padding: [0, 2, 1, 1], groups: 2),
  ]

  @Test(arguments: shapes.indices, KernelSample.byteTargets)
  func convolutions(_ number: Int, _ target: String) throws {
    let c = Self.shapes[number]
    for element in [ElementType.u8, .i8, .i16] {
      try KernelSample("byte conv \(number) \(element)") { g in
        let x = try g.input(element, c.input)
        let w = try g.constant(.i8, c.weight)
        let b = c.isBiased ? try g.constant(.i32, [c.outputs]) : nil
        let zero = number % 3 == 0 ? nil : g.constant(element == .u8 ? 251 : -77, element)
        g.output(try g.op(c.op, x, w, b, zero, number % 2 == 0 ? nil : g.constant(0, .i8)))
      }.check(on: target)
    }
  }

  @Test(arguments: MatrixTests.cases.indices, KernelSample.byteTargets)
  func products(_ number: Int, _ target: String) throws {
    let c = MatrixTests.cases[number]
    for element in [ElementType.u8, .i8, .i16] {
      try KernelSample("byte matmul \(number) \(element)") { g in
        let a = try g.input(element, c.lhs)
        let b = try g.constant(.i8, c.rhs)
        let bias = number % 2 == 0 ? try g.constant(.i32, [c.columns]) : nil
        let zero = number % 3 == 0 ? nil : g.constant(5, element)
        g.output(try g.op(c.op, a, b, bias, zero))
      }.check(on: target)
    }
  }

  /// Layers that hand bytes to each other, with borders of different zero points, a sum, a concat and a product.
  @Test(arguments: KernelSample.byteTargets, [ElementType.u8, .i8])
  func chains(_ target: String, _ element: ElementType) throws {
    try KernelSample("byte chain \(element)") { g in
      func layer(
        _ g: inout SampleGraph, _ x: ValueID, _ inputs: Int, _ outputs: Int, _ kernel: Int,
        stride: Int = 1, zero: Double, to next: Double
      ) throws -> ValueID {
        var op = Convolution()
        op.strides = [stride, stride]
        op.padding = Array(repeating: kernel / 2, count: 4)
        let sums = try g.op(
          op, x, try g.constant(.i8, [outputs, inputs, kernel, kernel]),
          try g.constant(.i32, [outputs], below: 1000), g.constant(zero, element))
        var requantize = Requantize()
        requantize.to = element
        requantize.axis = 1
        return try g.op(
          requantize, sums, try g.constant(.f32, [outputs], scaledBy: 0.002),
          g.constant(next, element))
      }
      let x = try g.input(element, [1, 3, 11, 12])
      let stem = try layer(&g, x, 3, 20, 3, zero: 7, to: 90)
      let a = try layer(&g, stem, 20, 20, 3, zero: 90, to: 4)
      let b = try layer(&g, stem, 20, 12, 1, zero: 90, to: 4)
      // Another zero point than the other readers of the stem have.
      let other = try layer(&g, stem, 20, 9, 3, stride: 2, zero: 33, to: 0)
      var concat = Concat()
      concat.axis = 1
      let both = try g.op(concat, a, b)
      let c = try layer(&g, both, 32, 33, 3, stride: 2, zero: 4, to: 50)
      var pool = Pool()
      pool.kind = .max
      pool.window = [2, 2]
      pool.strides = [2, 2]
      let pooled = try g.op(pool, c)
      var reshape = Reshape()
      reshape.shape = [1, 297]
      let flat = try g.op(reshape, pooled)
      g.output(
        try g.op(
          MatrixMultiply(transposeRHS: true), flat, try g.constant(.i8, [10, 297]), nil,
          g.constant(50, element)))
      g.output(other)
      g.output(a)
    }.check(on: target)
  }

  @Test func chosenKernels() throws {
    let wanted = [
      ("m4", "word-conv", "word-matmul"), ("m7", "word-conv", "word-matmul"),
      ("m55", "run-conv", "run-matmul"),
      ("aarch64-dotprod", "dot-conv", "dot-matmul"), ("aarch64", "dot-conv", "dot-matmul"),
      ("x86-64-v3", "dot-conv", "dot-matmul"), ("x86-64-v4 avx512-vnni", "dot-conv", "dot-matmul"),
      ("c99", "generic-conv", "generic-matmul"), ("m0plus", "generic-conv", "generic-matmul"),
    ]
    for (target, convolution, product) in wanted {
      let sample = KernelSample("byte choice") { g in
        let c = Self.shapes[0]
        let x = try g.input(.i8, c.input)
        g.output(try g.op(c.op, x, try g.constant(.i8, c.weight)))
        let a = try g.input(.i8, [3, 19])
        g.output(try g.op(MatrixMultiply(), a, try g.constant(.i8, [19, 5])))
      }
      try sample.check(on: target, lowering: convolution)
      try sample.check(on: target, lowering: product)
    }
  }
}

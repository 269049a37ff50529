// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors
import Testing

@Suite struct ElementwiseTests {
  static let targets = ["c99", "m4", "x86-64-v3", "x86-64-v4"]

  static let functions: [UnaryFunction] = [
    .relu, .sigmoid, .tanh, .exp, .log, .sqrt, .reciprocal, .negate, .abs, .sign, .floor, .ceil,
    .round, .sin, .cos, .tan, .asin, .acos, .atan, .sinh, .cosh, .asinh, .acosh, .atanh, .erf,
    .softplus, .softsign, .hardSwish, .hardSigmoid, .leakyRelu, .elu, .clip, .swish,
  ]

  @Test(arguments: functions, targets)
  func unary(_ function: UnaryFunction, _ target: String) throws {
    let op = Unary(function, alpha: 0.3, beta: 0.6)
    try KernelSample("unary \(function)") { g in
      for (element, scale) in [
        (ElementType.f32, 1.0), (.f32, 8), (.f32, 0.01), (.f64, 8), (.f16, 2),
      ] {
        let x = try g.input(element, [2, 5, 7])
        let scaled = try g.op(Binary(.mul), x, g.constant(scale, element))
        g.output(try g.op(op, scaled))
      }
      let isNaN = try g.op(Unary(.isNaN), try g.op(Unary(.sqrt), try g.input(.f32, [40])))
      g.output(isNaN)
      g.output(try g.op(Unary(.not), isNaN))
    }.check(on: target)
  }

  @Test(arguments: functions, ["c99", "x86-64-v3"])
  func limits(_ function: UnaryFunction, _ target: String) throws {
    let op = Unary(function, alpha: 1, beta: 2)
    try KernelSample("limits of \(function)") { g in
      for value in [
        Double.nan, .infinity, -.infinity, 0, -0.0, 88.7, 88.8, -87.5, -103.2, -104.5, 200, -200,
        1e-30, -1e-30, 0.5, 1.5, -2.5, 0.624, 0.626, -0.34, -0.36, 0.42, 1,
      ] {
        let zero = try g.op(Binary(.mul), try g.input(.f32, [17]), g.constant(0, .f32))
        g.output(try g.op(op, try g.op(Binary(.add), zero, g.constant(value, .f32))))
      }
    }.check(on: target)
  }

  @Test(arguments: [ElementType.i8, .u8, .i32, .u32, .i64, .u64, .i4, .u4, .u2, .i16], targets)
  func integerUnary(_ element: ElementType, _ target: String) throws {
    for function in [UnaryFunction.relu, .negate, .abs, .sign] {
      try KernelSample("unary \(function) \(element)") { g in
        let x = try g.input(element, [3, 19])
        g.output(try g.op(Unary(function), x))
        g.output(try g.op(Unary(.relu), try g.op(Unary(function), x)))
      }.check(on: target)
    }
  }

  static let shapes: [([Int], [Int])] = [
    ([2, 16, 5, 7], [16, 1, 1]), ([2, 3, 5, 7], [7]), ([2, 3, 5, 7], [5, 1]), ([33], [1]),
    ([2, 3, 1, 7], [2, 1, 5, 7]), ([1, 20, 7, 7], [1, 20, 7, 7]), ([4, 1], [1, 35]), ([], []),
    ([3, 32], [3, 1]), ([0, 4], [4]),
  ]

  @Test(arguments: shapes.indices, targets)
  func broadcasts(_ number: Int, _ target: String) throws {
    let (a, b) = Self.shapes[number]
    for element in [ElementType.f32, .i8] {
      try KernelSample("broadcast \(number) \(element)") { g in
        let x = try g.input(element, a)
        let y = try g.input(element, b)
        let sum = try g.op(Binary(.add), x, y)
        g.output(try g.op(Binary(.mul), sum, try g.constant(element, b)))
        g.output(try g.op(Select(), try g.op(Binary(.less), y, x), x, y))
      }.check(on: target)
    }
  }

  static let numbers: [BinaryFunction] = [
    .add, .sub, .mul, .div, .mod, .fmod, .max, .min, .pow, .prelu, .equal, .less, .lessOrEqual,
    .greater, .greaterOrEqual,
  ]

  @Test(arguments: numbers, ["c99", "x86-64-v3"])
  func binary(_ function: BinaryFunction, _ target: String) throws {
    for element in [
      ElementType.f32, .f64, .f16, .i8, .u8, .i16, .i32, .u32, .i64, .u64, .i4, .u4,
    ] {
      try KernelSample("binary \(function) \(element)") { g in
        let x = try g.input(element, [3, 23])
        g.output(try g.op(Binary(function), x, try g.input(element, [3, 23])))
        let three = g.constant(element.kind == .unsigned ? 3 : -3, element)
        g.output(try g.op(Binary(function), x, three))
        g.output(try g.op(Binary(function), x, g.constant(0, element)))
      }.check(on: target)
    }
  }

  @Test(arguments: targets) func bits(_ target: String) throws {
    for element in [ElementType.i8, .u8, .i32, .u32, .i64, .u64, .i4] {
      try KernelSample("bits \(element)") { g in
        let x = try g.input(element, [37])
        for function in [BinaryFunction.bitAnd, .bitOr, .bitXor, .shiftLeft, .shiftRight] {
          g.output(try g.op(Binary(function), x, try g.input(element, [37])))
          g.output(try g.op(Binary(function), x, g.constant(3, element)))
        }
      }.check(on: target)
    }
    try KernelSample("truths") { g in
      let x = try g.input(.bool, [37])
      for function in [BinaryFunction.and, .or, .xor, .equal] {
        g.output(try g.op(Binary(function), x, try g.input(.bool, [37])))
      }
    }.check(on: target)
  }

  static let elements = ElementType.allCases

  @Test(arguments: elements, ["c99", "x86-64-v3"])
  func casts(_ from: ElementType, _ target: String) throws {
    // Bits of −1 and +1 have no order that 64 bits without a sign would fit.
    for to in Self.elements where !(from == .u64 && to == .b1) {
      try KernelSample("cast \(from) \(to)") { g in
        var x = try g.input(from, [2, 21])
        if from.isFloat { x = try g.op(Binary(.mul), x, g.constant(300, from)) }
        g.output(try g.op(Cast(to: to), x))
      }.check(on: target)
    }
  }

  @Test(arguments: [ElementType.u8, .i8, .i4, .u2, .i16, .u16, .i32, .u32], targets)
  func quantization(_ to: ElementType, _ target: String) throws {
    try KernelSample("quantize \(to)") { g in
      let x = try g.input(.f32, [2, 16, 5, 5])
      let magnitude = to.bitCount > 8 ? 1e-3 : 0.03
      for (extents, block) in [([], 0), ([16], 0), ([1], 0), ([2, 4, 5, 5], 5)] as [([Int], Int)] {
        var quantize = Quantize()
        quantize.to = to
        quantize.block = block
        var dequantize = Dequantize()
        dequantize.block = block
        let random = try g.op(Unary(.abs), try g.constant(.f32, extents))
        let scale = try g.op(
          Binary(.mul), try g.op(Binary(.add), random, g.constant(0.1, .f32)),
          g.constant(magnitude, .f32))
        let zero = try g.constant(to, extents)
        let q = try g.op(quantize, x, scale, zero)
        g.output(q)
        g.output(try g.op(dequantize, q, scale, zero))
        g.output(try g.op(dequantize, q, scale))
        if block == 0 {
          var requantize = Requantize()
          requantize.to = to
          g.output(try g.op(requantize, try g.op(Cast(to: .i32), q), scale, zero))
          g.output(try g.op(requantize, try g.input(.i32, [2, 16, 5, 5]), scale))
        }
      }
    }.check(on: target)
  }

  /// Operands that are converted, moved and scaled are computed where they are read.
  @Test(arguments: targets) func scaledOperands(_ target: String) throws {
    try KernelSample("scaled") { g in
      let (a, b) = (try g.input(.i8, [1, 20, 4, 5]), try g.input(.u8, [1, 20, 4, 5]))
      func scaled(_ g: inout SampleGraph, _ x: ValueID, _ steps: Int) throws -> ValueID {
        var x = try g.op(Cast(to: .i32), x)
        for step in 0..<steps {
          x = try g.op(
            Binary(step % 2 == 0 ? .sub : .mul), x,
            step % 3 == 2 ? try g.constant(.i32, [20, 1, 1]) : g.constant(3, .i32))
        }
        return x
      }
      // More than a run is looked for stands alone.
      for steps in [0, 1, 2, 3, 4, 6] {
        let (x, y) = (try scaled(&g, a, steps), try scaled(&g, b, steps))
        let sum = try g.op(Binary(.add), x, y)
        g.output(try g.op(Binary(.mul), sum, try scaled(&g, b, steps)))
        let layer = try g.op(Convolution(), a, try g.constant(.i8, [20, 20, 1, 1]))
        g.output(try g.op(Binary(.add), try scaled(&g, a, steps), layer))
      }
    }.check(on: target)
  }

  /// What only widens an operand is computed where it is read: in runs, on both sides, behind a layer.
  @Test(arguments: targets) func widenedOperands(_ target: String) throws {
    try KernelSample("widened") { g in
      let (a, b, c) = (
        try g.input(.i8, [1, 3, 4, 5]), try g.input(.i8, [1, 3, 4, 5]), try g.input(.i8, [1, 20, 4, 5])
      )
      // One widened behind the other.
      let twice = try g.op(Cast(to: .f64), try g.op(Cast(to: .f32), a))
      g.output(try g.op(Binary(.add), twice, try g.input(.f64, [1, 3, 4, 5])))
      // Both operands, and a third one further on.
      let sum = try g.op(Binary(.sub), try g.op(Cast(to: .f32), a), try g.op(Cast(to: .f32), b))
      g.output(try g.op(Binary(.mul), try g.op(Cast(to: .f32), b), sum))
      // A residual sum behind a layer of integers.
      let scale = g.constant(0.5, .f32)
      let layer = try g.op(Convolution(), a, try g.constant(.i8, [20, 3, 1, 1]))
      let other = try g.op(Dequantize(), c, scale)
      let residual = try g.op(Binary(.add), try g.op(Dequantize(), layer, scale), other)
      g.output(try g.op(Unary(.relu), residual))
    }.check(on: target)
  }

  @Test(arguments: targets) func behindAConvolution(_ target: String) throws {
    try KernelSample("blocked") { g in
      let x = try g.input(.f32, [1, 3, 4, 5])
      let y = try g.op(Convolution(), x, try g.constant(.f32, [20, 3, 1, 1]))
      let vectors = try (0..<3).map { _ in try g.constant(.f32, [20]) }
      let positive = try g.op(Unary(.abs), vectors[2])
      g.output(try g.op(BatchNorm(epsilon: 0.1), y, vectors[0], vectors[1], vectors[2], positive))
      g.output(try g.op(Binary(.mul), y, try g.input(.f32, [20, 1, 1])))
      g.output(try g.op(Binary(.mul), y, try g.input(.f32, [1, 20, 4, 5])))
      g.output(try g.op(Cast(to: .i8), try g.op(Binary(.mul), y, g.constant(50, .f32))))
      g.output(y)
    }.check(on: target)
  }
}

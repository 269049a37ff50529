// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors
import Testing

@Suite struct MatrixTests {
  struct Case: Sendable {
    var lhs: [Int]
    var rhs: [Int]
    var transposeLHS = false
    var transposeRHS = false

    var op: MatrixMultiply {
      MatrixMultiply(transposeLHS: transposeLHS, transposeRHS: transposeRHS)
    }

    var columns: Int { rhs.count == 1 ? 1 : rhs[rhs.count - (transposeRHS ? 2 : 1)] }
    var rows: Int { lhs.count == 1 ? 1 : lhs[lhs.count - (transposeLHS ? 1 : 2)] }
  }

  static let cases: [Case] = [
    Case(lhs: [5, 7], rhs: [7, 35]),
    Case(lhs: [1, 70], rhs: [70, 10]),
    Case(lhs: [1, 33], rhs: [130, 33], transposeRHS: true),
    Case(lhs: [6, 3], rhs: [9, 6], transposeLHS: true, transposeRHS: true),
    Case(lhs: [2, 3, 17, 4], rhs: [2, 3, 4, 20]),
    Case(lhs: [2, 1, 3, 4], rhs: [3, 4, 6]),
    Case(lhs: [3, 4], rhs: [2, 5, 4], transposeRHS: true),
    Case(lhs: [8], rhs: [8, 21]),
    Case(lhs: [4, 8], rhs: [8]),
    Case(lhs: [8], rhs: [8]),
    Case(lhs: [2, 3, 8], rhs: [8]),
    Case(lhs: [5, 1], rhs: [1, 4]),
  ]

  @Test(arguments: cases.indices, KernelSample.targets)
  func floats(_ number: Int, _ target: String) throws {
    let c = Self.cases[number]
    for isConstant in [true, false] {
      try KernelSample("matmul \(number)") { g in
        let a = try g.input(.f32, c.lhs)
        let b = isConstant ? try g.constant(.f32, c.rhs) : try g.input(.f32, c.rhs)
        let bias = number % 2 == 0 ? try g.constant(.f32, [c.columns]) : nil
        let y = try g.op(c.op, a, b, bias)
        var add = Binary()
        add.function = .add
        g.output(try g.op(add, y, try g.constant(.f32, [c.columns == 1 ? 1 : c.columns])))
      }.check(on: target)
    }
  }

  @Test(arguments: cases.indices, [(ElementType.u8, ElementType.i8), (.i8, .u8), (.i16, .i4)])
  func integers(_ number: Int, _ types: (ElementType, ElementType)) throws {
    let c = Self.cases[number]
    for target in ["m0plus", "x86-64-v4"] {
      try KernelSample("integer matmul \(number) \(types)") { g in
        let a = try g.input(types.0, c.lhs)
        let b = number % 2 == 0 ? try g.input(types.1, c.rhs) : try g.constant(types.1, c.rhs)
        let aZero = number % 3 == 0
          ? try g.constant(types.0, [c.rows]) : g.constant(5, types.0)
        let bZero = types.1 == .i4 ? nil : try g.constant(types.1, [c.columns])
        g.output(try g.op(c.op, a, b, nil, aZero, bZero))
      }.check(on: target)
    }
  }

  @Test(arguments: [ElementType.f16, .f64, .i64], ["m4", "x86-64-v4"])
  func otherTypes(_ element: ElementType, _ target: String) throws {
    for c in Self.cases {
      try KernelSample("matmul \(element)") { g in
        g.output(try g.op(c.op, try g.input(element, c.lhs), try g.constant(element, c.rhs)))
      }.check(on: target)
    }
  }
}

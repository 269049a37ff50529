// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors
import Testing

@Suite struct ReductionTests {
  static let targets = ["c99", "m4", "x86-64-v3", "x86-64-v4"]
  static let kinds: [ReduceKind] = [
    .sum, .mean, .max, .min, .product, .l1, .l2, .logSum, .logSumExp, .sumOfSquares,
  ]
  static let axes = [[], [0], [1], [3], [2, 3], [0, 2], [1, 2, 3], [0, 1, 2, 3], [1, 3]]

  @Test(arguments: kinds, targets)
  func reduces(_ kind: ReduceKind, _ target: String) throws {
    for axes in Self.axes {
      for keeps in [true, false] {
        let op = Reduce(kind, axes: axes, keepDimensions: keeps)
        // Roots and logarithms of wide integers depend on the order of the sums.
        let isExact = ![.l2, .logSum, .logSumExp].contains(kind)
        for element in [ElementType.f32, .f64, .f16, .i8, .i4, isExact ? .u64 : .u8] {
          try KernelSample("reduce \(kind) \(axes) \(element)") { g in
            g.output(try g.op(op, try g.input(element, [2, 3, 2, 19])))
          }.check(on: target, integerSteps: [.l2, .logSum, .logSumExp].contains(kind) ? 1 : 0)
        }
        try KernelSample("reduce blocked \(kind) \(axes)") { g in
          let x = try g.input(.f32, [2, 3, 3, 4])
          let y = try g.op(Convolution(), x, try g.constant(.f32, [20, 3, 1, 1]))
          let sum = try g.op(op, y)
          g.output(try g.op(Binary(.mul), sum, g.constant(0.5, .f32)))
          g.output(y)
        }.check(on: target)
      }
    }
  }

  @Test(arguments: [ElementType.i8, .u8, .i16, .u4], targets)
  func wideSums(_ element: ElementType, _ target: String) throws {
    for axes in Self.axes {
      try KernelSample("wide sum \(axes) \(element)") { g in
        let x = try g.input(element, [2, 3, 5, 19])
        let sum = try g.op(Reduce(.sum, axes: axes, keepDimensions: true, isWide: true), x)
        g.output(try g.op(Binary(.sub), sum, g.constant(1000, .i32)))
      }.check(on: target)
    }
  }

  @Test(arguments: targets) func longSums(_ target: String) throws {
    try KernelSample("long sums") { g in
      let x = try g.input(.f32, [2, 5000])
      let offset = try g.op(Binary(.add), x, g.constant(3, .f32))
      for kind in [ReduceKind.sum, .mean, .l2, .logSumExp] {
        for axes in [[0], [1], [0, 1]] {
          g.output(try g.op(Reduce(kind, axes: axes, keepDimensions: false), offset))
        }
      }
    }.check(on: target)
  }

  @Test(arguments: targets) func limits(_ target: String) throws {
    try KernelSample("limits") { g in
      let x = try g.input(.f32, [2, 33])
      for value in [Double.nan, .infinity, -.infinity] {
        let first = try g.op(Slice(starts: [0, 0], sizes: [2, 7]), x)
        let other = try g.op(Binary(.add), first, g.constant(value, .f32))
        let joined = try g.op(Concat(axis: 1), x, other, x)
        for kind in [ReduceKind.max, .min, .logSumExp, .sum] {
          g.output(try g.op(Reduce(kind, axes: [1], keepDimensions: true), joined))
          g.output(try g.op(Reduce(kind, axes: [0], keepDimensions: true), joined))
        }
      }
      let none = try g.input(.f32, [2, 0])
      for kind in Self.kinds {
        g.output(try g.op(Reduce(kind, axes: [1], keepDimensions: false), none))
      }
      let bits = try g.input(.bool, [5, 9])
      g.output(try g.op(Reduce(.max, axes: [1], keepDimensions: false), bits))
      g.output(try g.op(Reduce(.min, axes: [0], keepDimensions: false), bits))
    }.check(on: target)
  }

  @Test(arguments: [0, 1, 2, 3], targets)
  func positions(_ axis: Int, _ target: String) throws {
    for kind in [ArgReduceKind.max, .min] {
      for last in [false, true] {
        let op = ArgReduce(kind, axis: axis, keepDimensions: last, selectsLast: last)
        for element in [ElementType.f32, .f16, .i8, .u64, .i4] {
          try KernelSample("\(kind) position \(axis) \(element)") { g in
            g.output(try g.op(op, try g.input(element, [2, 3, 2, 19])))
          }.check(on: target)
        }
        try KernelSample("\(kind) position blocked \(axis)") { g in
          let x = try g.input(.f32, [2, 3, 3, 4])
          let y = try g.op(Convolution(), x, try g.constant(.f32, [20, 3, 1, 1]))
          let some = try g.op(Binary(.add), y, g.constant(.nan, .f32))
          g.output(try g.op(op, try g.op(Concat(axis: axis), y, some, y)))
          g.output(y)
        }.check(on: target)
      }
    }
  }

  @Test(arguments: [0, 1, 2, 3], targets)
  func softmax(_ axis: Int, _ target: String) throws {
    for logarithm in [false, true] {
      for element in [ElementType.f32, .f64, .f16] {
        try KernelSample("softmax \(axis) \(element)") { g in
          let x = try g.input(element, [2, 20, 3, 37])
          let scaled = try g.op(Binary(.mul), x, g.constant(element == .f16 ? 4 : 100, element))
          g.output(try g.op(Softmax(axis: axis, logarithm: logarithm), scaled))
        }.check(on: target)
      }
      try KernelSample("softmax blocked \(axis)") { g in
        let x = try g.input(.f32, [1, 3, 4, 5])
        let y = try g.op(Convolution(), x, try g.constant(.f32, [20, 3, 1, 1]))
        g.output(try g.op(Softmax(axis: axis, logarithm: logarithm), y))
      }.check(on: target)
    }
  }

  @Test(arguments: axes, targets)
  func normalize(_ axes: [Int], _ target: String) throws {
    for element in [ElementType.f32, .f64, .f16] {
      try KernelSample("normalize \(axes) \(element)") { g in
        let x = try g.input(element, [2, 4, 3, 37])
        g.output(try g.op(Normalize(axes: axes, epsilon: 1e-3), x))
      }.check(on: target)
    }
    try KernelSample("normalize blocked \(axes)") { g in
      let x = try g.input(.f32, [2, 3, 4, 5])
      let y = try g.op(Convolution(), x, try g.constant(.f32, [20, 3, 1, 1]))
      g.output(try g.op(Normalize(axes: axes, epsilon: 1e-3), y))
    }.check(on: target)
  }

  @Test(arguments: [(5, Float(0.75)), (2, 0.5), (4, 1), (11, 0.6), (30, 0.75)], targets)
  func localResponse(_ parameters: (Int, Float), _ target: String) throws {
    var op = LocalResponseNorm()
    op.size = parameters.0
    op.beta = parameters.1
    op.alpha = 2
    for extents in [[2, 12, 5, 7], [1, 3, 4], [2, 8]] {
      for element in [ElementType.f32, .f64, .f16] {
        try KernelSample("lrn \(parameters) \(extents) \(element)") { g in
          g.output(try g.op(op, try g.input(element, extents)))
        }.check(on: target)
      }
    }
    try KernelSample("lrn blocked") { g in
      let x = try g.input(.f32, [1, 3, 4, 5])
      g.output(try g.op(op, try g.op(Convolution(), x, try g.constant(.f32, [20, 3, 1, 1]))))
    }.check(on: target)
  }
}

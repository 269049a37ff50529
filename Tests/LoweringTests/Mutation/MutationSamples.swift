// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors

/// Small graphs that between them use every lowering, each with the targets whose kernels differ.
enum MutationSamples {
  static var all: [(sample: KernelSample, targets: [String])] {
    [
      (chain, ["c99", "x86-64-v4"]), (borderedConvolutions, ["m4", "x86-64-v3"]),
      (bytes, ["m0plus", "m4", "m55", "aarch64-dotprod", "x86-64-v4 avx512-vnni"]),
      (movements, ["m4", "x86-64-v3"]), (reductions, ["m4", "x86-64-v3"]),
      (products, ["m4", "x86-64-v3"]), (windows, ["c99", "x86-64-v3"]),
      (concats, ["m4", "x86-64-v3"]), (lookups, ["c99"]), (resizes, ["c99", "x86-64-v3"]),
    ]
  }

  private static func convolution(
    _ strides: Int, _ padding: Int, groups: Int = 1
  ) -> Convolution {
    var op = Convolution()
    op.strides = [strides, strides]
    op.padding = Array(repeating: padding, count: 4)
    op.groups = groups
    return op
  }

  private static var chain: KernelSample {
    KernelSample("chain of convolutions") { g in
      let x = try g.input(.f32, [1, 3, 7, 6])
      let stem = try g.op(
        Unary(.relu),
        try g.op(convolution(1, 1), x, try g.constant(.f32, [20, 3, 3, 3]), try g.constant(.f32, [20])))
      let depthwise = try g.op(
        convolution(2, 1, groups: 20), stem, try g.constant(.f32, [20, 1, 3, 3]), try g.constant(.f32, [20]))
      g.output(try g.op(convolution(1, 0), depthwise, try g.constant(.f32, [5, 20, 1, 1])))
      var transposed = TransposedConvolution()
      transposed.strides = [2, 2]
      g.output(try g.op(transposed, depthwise, try g.constant(.f32, [20, 3, 3, 2])))
    }
  }

  private static var borderedConvolutions: KernelSample {
    KernelSample("cut windows") { g in
      let x = try g.input(.f32, [2, 4, 6, 5])
      var dilated = convolution(1, 2, groups: 2)
      dilated.dilations = [2, 1]
      g.output(try g.op(dilated, x, try g.constant(.f32, [6, 2, 3, 3]), try g.constant(.f32, [6])))
      g.output(try g.op(convolution(2, 1), x, try g.input(.f32, [3, 4, 3, 3])))
      g.output(try g.op(convolution(1, 1), try g.input(.f64, [1, 2, 4, 5]), try g.constant(.f64, [3, 2, 3, 3])))
    }
  }

  private static var bytes: KernelSample {
    KernelSample("byte layers") { g in
      func layer(
        _ g: inout SampleGraph, _ op: Convolution, _ x: ValueID, _ weight: [Int]
      ) throws -> ValueID {
        let sums = try g.op(
          op, x, try g.constant(.i8, weight), try g.constant(.i32, [weight[0]], below: 1000), g.constant(-7, .i8))
        var requantize = Requantize()
        requantize.to = .i8
        requantize.axis = 1
        return try g.op(
          requantize, sums, try g.constant(.f32, [weight[0]], scaledBy: 0.001), g.constant(-7, .i8))
      }
      let x = try g.input(.i8, [1, 3, 7, 6])
      let stem = try layer(&g, convolution(1, 1), x, [16, 3, 3, 3])
      let depthwise = try layer(&g, convolution(1, 1, groups: 16), stem, [16, 1, 3, 3])
      let point = try layer(&g, convolution(1, 0), depthwise, [8, 16, 1, 1])
      g.output(point)
      let flat = try g.op(Reshape(to: [1, -1]), point)
      g.output(try g.op(MatrixMultiply(), flat, try g.constant(.i8, [8 * 42, 5])))
    }
  }

  private static var movements: KernelSample {
    KernelSample("movements") { g in
      let x = try g.input(.f32, [2, 3, 5, 18])
      g.output(try g.op(Transpose([0, 2, 3, 1]), x))
      g.output(try g.op(Slice(starts: [0, 1, 1, 2], sizes: [2, 2, 3, 16]), x))
      var reversed = Slice(starts: [0, 0, 4, 0], sizes: [2, 3, 3, 18])
      reversed.steps = [1, 1, -2, 1]
      g.output(try g.op(reversed, x))
      var pad = Pad()
      pad.before = [0, 1, 2, 1]
      pad.after = [1, 0, 1, 3]
      for mode in [PadMode.constant, .edge] {
        pad.mode = mode
        g.output(try g.op(pad, x))
      }
      g.output(try g.op(Broadcast(to: [2, 3, 4, 18]), try g.input(.f32, [2, 1, 1, 18])))
      let y = try g.op(convolution(1, 0), x, try g.constant(.f32, [20, 3, 1, 1]))
      g.output(try g.op(Reshape(to: [2, -1]), y))
    }
  }

  private static var reductions: KernelSample {
    KernelSample("reductions") { g in
      let x = try g.input(.f32, [2, 3, 2, 19])
      for kind in [ReduceKind.sum, .max, .logSumExp] {
        g.output(try g.op(Reduce(kind, axes: [1, 3], keepDimensions: true), x))
        g.output(try g.op(Reduce(kind, axes: [0, 2], keepDimensions: false), x))
      }
      var arg = ArgReduce()
      arg.axis = 1
      g.output(try g.op(arg, x))
      var softmax = Softmax()
      softmax.axis = 3
      g.output(try g.op(softmax, x))
      softmax.axis = 1
      g.output(try g.op(softmax, x))
      var normalize = Normalize()
      normalize.axes = [2, 3]
      g.output(try g.op(normalize, x))
      var local = LocalResponseNorm()
      local.size = 3
      g.output(try g.op(local, try g.input(.f32, [1, 7, 3, 3])))
    }
  }

  private static var products: KernelSample {
    KernelSample("products") { g in
      let a = try g.input(.f32, [2, 5, 7])
      g.output(try g.op(MatrixMultiply(), a, try g.constant(.f32, [7, 19]), try g.constant(.f32, [19])))
      g.output(try g.op(MatrixMultiply(), a, try g.input(.f32, [2, 7, 3])))
      g.output(try g.op(MatrixMultiply(), try g.input(.f64, [3, 4]), try g.constant(.f64, [4, 5])))
    }
  }

  private static var windows: KernelSample {
    KernelSample("windows") { g in
      let x = try g.input(.f32, [1, 16, 7, 6])
      var pool = Pool()
      pool.window = [3, 3]
      pool.strides = [2, 2]
      pool.padding = [1, 1, 1, 1]
      for kind in [PoolKind.max, .average] {
        pool.kind = kind
        g.output(try g.op(pool, x))
      }
      var indices = MaxPoolIndices()
      indices.pool.window = [2, 3]
      indices.pool.padding = [0, 1, 1, 1]
      g.output(try g.op(indices, x))
    }
  }

  /// Parts of concats at their places, with readers of parts and of the whole; the second norm reads beside its result.
  private static var concats: KernelSample {
    KernelSample("concats") { g in
      let x = try g.input(.f32, [1, 16, 5, 5])
      let a = try g.op(convolution(1, 1), x, try g.constant(.f32, [16, 16, 3, 3]))
      let b = try g.op(Unary(.abs), x)
      let joined = try g.op(Concat(axis: 1), a, b)
      var norm = BatchNorm()
      norm.epsilon = 0.001
      let scaled = try g.op(
        norm, joined, try g.constant(.f32, [32]), try g.constant(.f32, [32]), try g.constant(.f32, [32]),
        try g.constant(.f32, [32], scaledBy: 1))
      let other = try g.op(convolution(1, 1), scaled, try g.constant(.f32, [16, 32, 3, 3]))
      let outer = try g.op(Concat(axis: 1), joined, other)
      g.output(outer)
      g.output(try g.op(convolution(1, 1), outer, try g.constant(.f32, [7, 48, 3, 3])))
      let wide = try g.op(Concat(axis: 3), b, try g.op(Unary(.negate), x), b)
      g.output(try g.op(Unary(.relu), wide))
    }
  }

  private static var lookups: KernelSample {
    KernelSample("lookups") { g in
      let indices = try g.input(.i64, [3, 5])
      let few = try g.op(Binary(.fmod), indices, g.constant(7, .i64))
      g.output(try g.op(Gather(axis: 1), try g.input(.f32, [2, 7, 3]), few))
      let bytes = try g.input(.i8, [4, 9])
      g.output(try g.op(Gather(axis: 0), try g.constant(.i8, [256]), bytes))
      g.output(try g.op(Cast(to: .f32), bytes))
      g.output(try g.op(Select(), try g.input(.bool, [4, 9]), bytes, try g.input(.i8, [4, 9])))
    }
  }

  private static var resizes: KernelSample {
    KernelSample("resizes") { g in
      let x = try g.input(.f32, [1, 2, 4, 5])
      for (mode, sizes) in [(ResizeMode.nearest, [1, 2, 8, 10]), (.nearest, [1, 2, 3, 7]), (.linear, [1, 2, 7, 3])] {
        for coordinates in [ResizeCoordinates.halfPixel, .tfCropAndResize] {
          var op = Resize()
          op.mode = mode
          op.sizes = sizes
          op.scales = zip(sizes, [1, 2, 4, 5]).map { Double($0) / Double($1) }
          op.coordinates = coordinates
          if coordinates == .tfCropAndResize {
            op.regionOfInterest = [0, 0, 0, -0.3, 1, 1, 1.4, 0.9]
            op.extrapolation = 7
          }
          g.output(try g.op(op, x))
        }
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors
import Testing

/// The seven loops of a convolution in two dimensions, forward or transposed.
private struct NaiveConvolution {
  var strides = [1, 1]
  var padding = [0, 0, 0, 0]
  var dilations = [1, 1]
  var groups = 1

  /// Calls `body` with the output position for each pair of an input position and a tap.
  func forEachTap(
    _ wide: [Int], _ kernel: [Int], _ narrow: [Int], _ body: ([Int], [Int], [Int]) -> Void
  ) {
    for ny in 0..<narrow[0] {
      for nx in 0..<narrow[1] {
        for ky in 0..<kernel[0] {
          for kx in 0..<kernel[1] {
            let y = ny * strides[0] + ky * dilations[0] - padding[0]
            let x = nx * strides[1] + kx * dilations[1] - padding[1]
            guard y >= 0, x >= 0, y < wide[0], x < wide[1] else { continue }
            body([y, x], [ky, kx], [ny, nx])
          }
        }
      }
    }
  }

  func forward(
    _ input: Tensor, _ weight: Tensor, _ result: Shape, inputZero: Int64 = 0, weightZero: [Int64] = [0]
  ) -> [Double] {
    let (i, w) = (input.doubles(), weight.doubles())
    let (a, b, r) = (input.shape.extents, weight.shape.extents, result.extents)
    var sums = [Double](repeating: 0, count: result.elementCount)
    for n in 0..<r[0] {
      for o in 0..<r[1] {
        for c in 0..<b[1] {
          let channel = o / (r[1] / groups) * b[1] + c
          forEachTap([a[2], a[3]], [b[2], b[3]], [r[2], r[3]]) { at, k, out in
            let x = i[((n * a[1] + channel) * a[2] + at[0]) * a[3] + at[1]] - Double(inputZero)
            let y = w[((o * b[1] + c) * b[2] + k[0]) * b[3] + k[1]]
              - Double(weightZero[weightZero.count == 1 ? 0 : o])
            sums[((n * r[1] + o) * r[2] + out[0]) * r[3] + out[1]] += x * y
          }
        }
      }
    }
    return sums
  }

  func transposed(_ input: Tensor, _ weight: Tensor, _ result: Shape) -> [Double] {
    let (i, w) = (input.doubles(), weight.doubles())
    let (a, b, r) = (input.shape.extents, weight.shape.extents, result.extents)
    var sums = [Double](repeating: 0, count: result.elementCount)
    for n in 0..<a[0] {
      for c in 0..<a[1] {
        for o in 0..<b[1] {
          let channel = c / (a[1] / groups) * b[1] + o
          forEachTap([r[2], r[3]], [b[2], b[3]], [a[2], a[3]]) { out, k, at in
            sums[((n * r[1] + channel) * r[2] + out[0]) * r[3] + out[1]] +=
              i[((n * a[1] + c) * a[2] + at[0]) * a[3] + at[1]]
              * w[((c * b[1] + o) * b[2] + k[0]) * b[3] + k[1]]
          }
        }
      }
    }
    return sums
  }
}

@Suite struct ConvolutionTests {
  @Test(arguments: 0..<24) func randomGeometry(seed: Int) throws {
    var numbers = Numbers(seed: seed)
    var op = Convolution()
    op.strides = [numbers.next(1...3), numbers.next(1...2)]
    op.dilations = [numbers.next(1...2), numbers.next(1...3)]
    op.padding = (0..<4).map { _ in numbers.next(0...3) }
    op.groups = numbers.next(1...3)
    let channels = numbers.next(1...3)
    let outputs = numbers.next(1...5)
    let kernel = [numbers.next(1...3), numbers.next(1...3)]
    let input = numbers.tensor(
      .f32, [numbers.next(1...2), op.groups * channels, numbers.next(5...14), numbers.next(7...15)],
      -20...20)
    let weight = numbers.tensor(.f32, [op.groups * outputs, channels] + kernel, -20...20)
    let bias = numbers.tensor(.f32, [op.groups * outputs], -20...20)
    let result = try evaluate(op, [input, weight, bias])
    let naive = NaiveConvolution(
      strides: op.strides, padding: op.padding, dilations: op.dilations, groups: op.groups)
    // Eighths: the sums are exact in float.
    let plane = result.shape[2] * result.shape[3]
    let expected = naive.forward(input, weight, result.shape).enumerated().map {
      $1 + bias.doubles()[$0 / plane % bias.count]
    }
    #expect(result.doubles() == expected)
  }

  @Test func depthAndRowsBeyondOneBlock() throws {
    var numbers = Numbers(seed: 5)
    let input = numbers.tensor(.f32, [1, 70, 3, 45], -8...8)
    let weight = numbers.tensor(.f32, [6, 70, 2, 2], -8...8)
    let result = try evaluate(Convolution(), [input, weight])
    #expect(result.doubles() == NaiveConvolution().forward(input, weight, result.shape))
  }

  @Test(arguments: [(ElementType.u8, ElementType.i8), (.i8, .i8), (.u8, .u8), (.i16, .i8), (.i4, .u4)])
  func integersWithZeroPoints(a: ElementType, b: ElementType) throws {
    var numbers = Numbers(seed: 7)
    func range(_ e: ElementType) -> ClosedRange<Int> {
      Int(e.integerRange!.lowerBound)...Int(e.integerRange!.upperBound)
    }
    var op = Convolution()
    op.padding = [1, 1, 1, 1]
    let input = numbers.tensor(a, [1, 3, 4, 5], range(a))
    let weight = numbers.tensor(b, [2, 3, 3, 3], range(b))
    let zeroA = tensor(a, [], [3])
    let zeroB = tensor(b, [2], [1, 5])
    let result = try evaluate(op, [input, weight, nil, zeroA, zeroB])
    let expected = NaiveConvolution(padding: op.padding).forward(
      input, weight, result.shape, inputZero: 3, weightZero: [1, 5])
    #expect(result.element == .i32)
    #expect(result.doubles() == expected)
  }

  @Test func wideIntegersWrap() throws {
    let input = Tensor(TensorType(.i32, Shape([1, 1, 2])!), wrapping: [1 << 30, 5])
    let weight = Tensor(TensorType(.i32, Shape([1, 1, 2])!), wrapping: [6, 1])
    let bias = Tensor(TensorType(.i32, Shape([1])!), wrapping: [1 << 31 - 1])
    let result = try evaluate(Convolution(), [input, weight, bias])
    let sum = (1 << 30) * 6 + 5 + (1 << 31 - 1)
    #expect(result.integers() == [Int64(Int32(truncatingIfNeeded: sum))])
  }

  @Test func otherRanks() throws {
    let line = tensor(.f32, [1, 1, 5], [1, 2, 3, 4, 5])
    var op = Convolution()
    op.strides = [2]
    op.padding = [1, 0]
    #expect(try evaluate(op, [line, tensor(.f32, [1, 1, 2], [1, 10])]).doubles() == [10, 32, 54])
    let cube = tensor(.f16, [1, 1, 2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8])
    let ones = tensor(.f16, [1, 1, 2, 1, 2], [1, 1, 1, 1])
    #expect(try evaluate(Convolution(), [cube, ones]).doubles() == [14, 22])
  }

  @Test(arguments: 0..<16) func randomTransposed(seed: Int) throws {
    var numbers = Numbers(seed: 100 + seed)
    var op = TransposedConvolution()
    op.strides = [numbers.next(1...3), numbers.next(1...3)]
    op.dilations = [numbers.next(1...2), numbers.next(1...2)]
    op.padding = (0..<4).map { _ in numbers.next(-1...1) }
    op.groups = numbers.next(1...2)
    let kernel = [numbers.next(2...3), numbers.next(2...3)]
    let channels = op.groups * numbers.next(1...3)
    let input = numbers.tensor(.f32, [2, channels, 4, 5], -16...16)
    let weight = numbers.tensor(.f32, [channels, numbers.next(1...3)] + kernel, -16...16)
    let result = try evaluate(op, [input, weight])
    let naive = NaiveConvolution(
      strides: op.strides, padding: op.padding, dilations: op.dilations, groups: op.groups)
    #expect(result.doubles() == naive.transposed(input, weight, result.shape))
  }
}

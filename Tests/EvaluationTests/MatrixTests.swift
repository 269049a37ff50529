// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors
import Testing

@Suite struct MatrixTests {
  @Test(arguments: [false, true], [false, true])
  func stacksBroadcast(transposeLHS: Bool, transposeRHS: Bool) throws {
    var numbers = Numbers(seed: 3)
    let (m, k, n) = (5, 7, 6)
    let a = numbers.tensor(.f32, [2, 1] + (transposeLHS ? [k, m] : [m, k]), -16...16)
    let b = numbers.tensor(.f32, [3] + (transposeRHS ? [n, k] : [k, n]), -16...16)
    let bias = numbers.tensor(.f32, [n], -16...16)
    let op = MatrixMultiply(transposeLHS: transposeLHS, transposeRHS: transposeRHS)
    let result = try evaluate(op, [a, b, bias])
    #expect(result.shape.extents == [2, 3, m, n])
    let (x, y) = (a.doubles(), b.doubles())
    var expected: [Double] = []
    for i in 0..<6 {
      for row in 0..<m {
        for column in 0..<n {
          var sum = bias.doubles()[column]
          for p in 0..<k {
            let left = x[i / 3 * m * k + (transposeLHS ? p * m + row : row * k + p)]
            sum += left * y[i % 3 * n * k + (transposeRHS ? column * k + p : p * n + column)]
          }
          expected.append(sum)
        }
      }
    }
    #expect(result.doubles() == expected)
  }

  @Test func vectors() throws {
    let v = tensor(.f32, [3], [1, 2, 3])
    let m = tensor(.f32, [3, 2], [1, 0, 0, 1, 1, 1])
    #expect(try evaluate(MatrixMultiply(), [v, v]) == tensor(.f32, [], [14]))
    #expect(try evaluate(MatrixMultiply(), [v, m]) == tensor(.f32, [2], [4, 5]))
    let t = MatrixMultiply(transposeLHS: true)
    #expect(try evaluate(t, [m, v]) == tensor(.f32, [2], [4, 5]))
  }

  @Test func zeroPointsByRowAndColumn() throws {
    let a = tensor(.u8, [2, 2], [10, 20, 30, 40])
    let b = tensor(.i8, [2, 2], [1, -2, 3, -4])
    let result = try evaluate(
      MatrixMultiply(), [a, b, nil, tensor(.u8, [2], [10, 30]), tensor(.i8, [2], [1, -4])])
    // (0 10 / 0 10) · (0 2 / 2 0)
    #expect(result == tensor(.i32, [2, 2], [20, 0, 20, 0]))
  }

  @Test func roundingHappensOnce() throws {
    // In float arithmetic the small terms would be lost one by one.
    let count = 1000
    let ones = tensor(.f32, [1, count + 1], [Double](repeating: 1, count: count + 1))
    let terms = tensor(.f32, [count + 1, 1], [0x1p24] + [Double](repeating: 0.5, count: count))
    #expect(try evaluate(MatrixMultiply(), [ones, terms]).doubles() == [0x1p24 + 500])
  }

  @Test func nothingToSumIsTheBias() throws {
    let result = try evaluate(
      MatrixMultiply(), [tensor(.f32, [2, 0], []), tensor(.f32, [0, 1], []), tensor(.f32, [1], [3])])
    #expect(result == tensor(.f32, [2, 1], [3, 3]))
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors
import Testing

@Suite struct ReductionTests {
  static let kindCases: [(ReduceKind, Double)] = [
    (.sum, 22), (.mean, 22.0 / 6), (.max, 7), (.min, 1), (.product, 840), (.l1, 22),
    (.l2, 10.198039), (.logSum, 3.0910425), (.logSumExp, 7.1928120), (.sumOfSquares, 104),
  ]

  @Test(arguments: kindCases)
  func kinds(kind: ReduceKind, expected: Double) throws {
    let op = Reduce(kind, axes: [0, 1], keepDimensions: false)
    let floats = try evaluate(op, [tensor(.f32, [2, 3], [1, 2, 3, 4, 5, 7])])
    #expect(floats.shape.rank == 0)
    #expect(abs(floats.doubles()[0] - expected) < 1e-6)
    let integers = try evaluate(op, [tensor(.i32, [2, 3], [1, 2, 3, 4, 5, 7])])
    #expect(integers.doubles() == [expected.rounded(.towardZero)])
  }

  @Test(arguments: [[Int](), [0], [1], [2], [0, 2], [1, 2], [0, 1, 2]])
  func axes(_ axes: [Int]) throws {
    var numbers = Numbers(seed: 9)
    let extents = [3, 4, 5]
    let input = numbers.tensor(.f32, extents, -50...50)
    let shape = extents.enumerated().map { axes.contains($0) ? 1 : $1 }
    var expected = [Double](repeating: 0, count: shape.reduce(1, *))
    for (i, value) in input.doubles().enumerated() {
      let position = [i / 20, i / 5 % 4, i % 5].enumerated().map { axes.contains($0) ? 0 : $1 }
      expected[(position[0] * shape[1] + position[1]) * shape[2] + position[2]] += value
    }
    let result = try evaluate(Reduce(.sum, axes: axes, keepDimensions: true), [input])
    #expect(result == tensor(.f32, shape, expected))
  }

  @Test func ofNothing() throws {
    let empty = tensor(.f32, [0], [])
    let cases: [(ReduceKind, Double)] = [(.max, -.infinity), (.min, .infinity), (.product, 1)]
    for (kind, expected) in cases {
      #expect(try evaluate(Reduce(kind, axes: [0], keepDimensions: false), [empty]).doubles() == [expected])
    }
    let bools = tensor(.bool, [2, 0], [])
    #expect(try evaluate(Reduce(.min, axes: [1], keepDimensions: false), [bools]).doubles() == [1, 1])
  }

  static let searches: [(ArgReduceKind, Bool, [Double], Double)] = [
    (.max, false, [1, 7, 3, 7], 1), (.max, true, [1, 7, 3, 7], 3), (.min, false, [2, 5, 2], 0),
    (.min, true, [2, 5, 2], 2), (.max, false, [-3], 0), (.max, false, [1, .nan, 9, .nan], 1),
    (.min, true, [1, .nan, 9, .nan, 0], 3), (.max, false, [.infinity, .nan], 1),
  ]

  @Test(arguments: searches)
  func position(_ kind: ArgReduceKind, _ last: Bool, _ row: [Double], _ expected: Double) throws {
    let op = ArgReduce(kind, axis: 0, keepDimensions: false, selectsLast: last)
    let result = try evaluate(op, [tensor(.f32, [row.count], row)])
    #expect(result.type == TensorType(.i64, Shape([])!))
    #expect(result.doubles() == [expected])
    guard row.allSatisfy(\.isFinite) else { return }
    #expect(try evaluate(op, [tensor(.i8, [row.count], row)]).doubles() == [expected])
  }

  @Test func positionsAlongAnyAxis() throws {
    let rows = tensor(.f32, [2, 3], [4, 9, 2, 8, 1, 6])
    let first = try evaluate(ArgReduce(.max, axis: 0, keepDimensions: true), [rows])
    #expect(first == tensor(.i64, [1, 3], [1, 0, 1]))
    let second = try evaluate(ArgReduce(.min, axis: 1, keepDimensions: false), [rows])
    #expect(second == tensor(.i64, [2], [2, 1]))
    let large = tensor(.u64, [2], [1, 0x1p63])
    #expect(try evaluate(ArgReduce(.max, axis: 0, keepDimensions: false), [large]).doubles() == [1])
  }

  @Test func softmaxAlongAnyAxis() throws {
    let rows = tensor(.f32, [2, 3], [1, 2, 3, 1000, 1000, 999])
    let expected = [0.09003057, 0.24472848, 0.66524094, 0.42231881, 0.42231881, 0.15536240]
    for (value, wanted) in zip(try evaluate(Softmax(axis: 1), [rows]).doubles(), expected) {
      #expect(abs(value - wanted) < 1e-7)
    }
    let columns = try evaluate(Transpose([1, 0]), [rows])
    let back = try evaluate(Transpose([1, 0]), [try evaluate(Softmax(axis: 0), [columns])])
    #expect(try back == evaluate(Softmax(axis: 1), [rows]))
    let logarithms = try evaluate(Softmax(axis: 1, logarithm: true), [rows]).doubles()
    let wanted = [-2.4076059, -1.4076060, -0.4076060, -0.8619948, -0.8619948, -1.8619948]
    for (value, wanted) in zip(logarithms, wanted) {
      #expect(abs(value - wanted) < 1e-6)
    }
  }

  @Test func normalizations() throws {
    let input = tensor(.f32, [1, 2, 4], [1, 2, 3, 4, 10, 20, 30, 40])
    let unit = try evaluate(Normalize(axes: [2], epsilon: 0), [input]).doubles()
    let deviation = 1.25.squareRoot()
    for (i, value) in unit.enumerated() {
      #expect(abs(value - (Double(i % 4) - 1.5) / deviation) < 1e-6)
    }
    let vectors = [[2.0, 3], [10, -1], [1, 5], [4, 0.25]].map { tensor(.f32, [2], $0) }
    #expect(
      try evaluate(BatchNorm(epsilon: 0), [input] + vectors).doubles()
        == [10, 11, 12, 13, 29, 89, 149, 209])
    var local = LocalResponseNorm()
    (local.size, local.alpha, local.beta, local.bias) = (3, 0.5, 0.75, 2)
    let channels = tensor(.f32, [1, 6, 1, 1], [1, 2, 3, 4, 5, 6])
    let expected = [0.45790642, 0.66590673, 0.70981765, 0.69403231, 0.66151693, 0.92102748]
    for (value, wanted) in zip(try evaluate(local, [channels]).doubles(), expected) {
      #expect(abs(value - wanted) < 1e-6)
    }
  }
}

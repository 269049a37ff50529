// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors
import Testing

@Suite struct PoolTests {
  /// 1 to 25 in five rows.
  static let square = tensor(.f32, [1, 1, 5, 5], (1...25).map { Double($0) })

  private func pool(
    _ kind: PoolKind, _ window: [Int], strides: [Int], padding: [Int] = [], dilations: [Int] = [],
    countPadding: Bool = false, ceil: Bool = false
  ) -> Pool {
    var pool = Pool()
    pool.kind = kind
    pool.window = window
    pool.strides = strides
    pool.padding = padding
    pool.dilations = dilations
    pool.countPadding = countPadding
    pool.ceil = ceil
    return pool
  }

  private static let (ninth, third) = (28.0 / 9, 29.0 / 3)
  static let meanCases: [(Bool, Bool, [Double])] = [
    (false, false, [4.5, 7, 12, 14.5]), (false, true, [4.5, 7, 12, 14.5, 19.5, 22]),
    (true, false, [3, ninth, 12, third]), (true, true, [3, ninth, 12, third, 19.5, 44.0 / 3]),
  ]

  @Test(arguments: meanCases)
  func meansAndTheirDivisors(countPadding: Bool, ceil: Bool, expected: [Double]) throws {
    let op = pool(
      .average, [3, 3], strides: [2, 3], padding: [1, 0, 0, 1], countPadding: countPadding,
      ceil: ceil)
    #expect(try evaluate(op, [Self.square]).doubles() == expected.map { Double(Float($0)) })
  }

  @Test func positionsBeyondThePaddingNeverCount() throws {
    let op = pool(.average, [4, 4], strides: [3, 3], countPadding: true, ceil: true)
    #expect(try evaluate(op, [Self.square]).doubles() == [10, 12, 20, 22])
    let dilated = pool(
      .average, [2, 2], strides: [2, 2], padding: [1, 1, 1, 1], dilations: [2, 2],
      countPadding: true, ceil: true)
    #expect(
      try evaluate(dilated, [Self.square]).doubles()
        == [1.75, 4, 2.25, 6, 13, 7, 4.25, 9, 4.75])
  }

  @Test func maximaWithDilation() throws {
    let op = pool(
      .max, [2, 3], strides: [2, 2], padding: [1, 1, 0, 0], dilations: [2, 1], ceil: true)
    #expect(
      try evaluate(op, [Self.square]).doubles() == [7, 9, 10, 17, 19, 20, 17, 19, 20])
  }

  @Test func paddingNeverWins() throws {
    let op = pool(.max, [3, 3], strides: [2, 2], padding: [1, 1, 1, 1])
    let negative = try evaluate(Unary(.negate), [Self.square])
    let expected: [Double] = [-1, -2, -4, -6, -7, -9, -16, -17, -19]
    #expect(try evaluate(op, [negative]).doubles() == expected)
    #expect(
      try evaluate(op, [try evaluate(Cast(to: .i8), [negative])]).doubles() == expected)
  }

  @Test func wideUnsignedAndNaN() throws {
    let op = pool(.max, [2], strides: [2])
    let wide = Tensor(TensorType(.u64, Shape([1, 1, 4])!), wrapping: [-1, 5, 1, 2])
    #expect(try evaluate(op, [wide]).integers() == [-1, 2])
    let holes = tensor(.f32, [1, 1, 4], [.nan, 5, -.infinity, -.infinity])
    let result = try evaluate(op, [holes]).doubles()
    #expect(result[0].isNaN && result[1] == -.infinity)
  }

  static let placeCases: [(Bool, [Double])] = [
    (false, [0, 0, 2, 9, 9, 11]), (true, [0, 0, 6, 9, 9, 15]),
  ]

  @Test(arguments: placeCases)
  func places(columnMajor: Bool, expected: [Double]) throws {
    // Windows of two neighbours in the first row of planes 3 × 3; of equal elements the first wins.
    var op = MaxPoolIndices()
    op.pool = pool(.max, [1, 2], strides: [3, 1], padding: [0, 1, 0, 0])
    op.columnMajor = columnMajor
    let planes: [Double] = [0, 0, 3, 9, 9, 9, 9, 9, 9] + [5, 4, 7, 9, 9, 9, 9, 9, 9]
    let result = try evaluate(op, [tensor(.f32, [2, 1, 3, 3], planes)])
    #expect(result.shape.extents == [2, 1, 1, 3])
    #expect(result.doubles() == expected)
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors
import Testing

/// A function with what the reference implementation of ONNX gives at `points`.
struct UnaryCase: Sendable {
  var op: Unary
  var expected: [Double]
  static let points: [Double] = [-3, -1, -0.4, 0, 0.4, 1, 3]

  init(_ function: UnaryFunction, alpha: Float = 0, beta: Float = 0, _ expected: [Double]) {
    op = Unary(function, alpha: alpha, beta: beta)
    self.expected = expected
  }
}

@Suite struct ElementwiseTests {
  static let unaryCases: [UnaryCase] = [
    UnaryCase(.relu, [0, 0, 0, 0, 0.4, 1, 3]),
    UnaryCase(
      .erf, [-0.99997791, -0.84270079, -0.42839235, 0, 0.42839235, 0.84270079, 0.99997791]),
    UnaryCase(
      .softplus, [0.04858735, 0.31326169, 0.51301528, 0.69314718, 0.91301525, 1.31326169, 3.04858735]),
    UnaryCase(.softsign, [-0.75, -0.5, -0.2857143, 0, 0.2857143, 0.5, 0.75]),
    UnaryCase(.hardSwish, [0, -0.33333333, -0.17333333, 0, 0.22666667, 0.66666667, 3]),
    UnaryCase(.hardSigmoid, alpha: 0.25, beta: 0.5, [0, 0.25, 0.4, 0.5, 0.6, 0.75, 1]),
    UnaryCase(.elu, alpha: 2, [-1.9004259, -1.2642411, -0.65935991, 0, 0.4, 1, 3]),
    UnaryCase(.leakyRelu, alpha: 0.1, [-0.3, -0.1, -0.04, 0, 0.4, 1, 3]),
    UnaryCase(
      .sigmoid, [0.04742587, 0.26894142, 0.40131234, 0.5, 0.59868766, 0.73105858, 0.95257413]),
    UnaryCase(.round, [-3, -1, 0, 0, 0, 1, 3]),
    UnaryCase(.asinh, [-1.8184465, -0.88137359, -0.39003532, 0, 0.39003532, 0.88137359, 1.8184465]),
    UnaryCase(.tanh, [-0.99505475, -0.76159416, -0.37994896, 0, 0.37994896, 0.76159416, 0.99505475]),
    UnaryCase(.swish, alpha: 1, [-0.14227762, -0.26894142, -0.16052494, 0, 0.23947506, 0.73105858, 2.8577224]),
    UnaryCase(.clip, alpha: -1, beta: 0.5, [-1, -1, -0.4, 0, 0.4, 0.5, 0.5]),
    UnaryCase(.sign, [-1, -1, -1, 0, 1, 1, 1]),
    UnaryCase(.floor, [-3, -1, -1, 0, 0, 1, 3]),
    UnaryCase(.exp, [0.04978707, 0.36787944, 0.67032005, 1, 1.4918247, 2.7182818, 20.085537]),
  ]

  @Test(arguments: unaryCases)
  func functions(_ sample: UnaryCase) throws {
    let result = try evaluate(sample.op, [tensor(.f32, [7], UnaryCase.points)]).doubles()
    for (value, expected) in zip(result, sample.expected) {
      #expect(abs(value - expected) <= 1e-7 * max(1, abs(expected)), "\(sample.op.function)")
    }
  }

  @Test func precisionNearZeroAndFarOut() throws {
    let small = tensor(.f32, [1], [-1e-10])
    #expect(try evaluate(Unary(.elu, alpha: 1), [small]) == small)
    #expect(try evaluate(Unary(.softplus), [tensor(.f32, [2], [1000, -1000])]).doubles() == [1000, 0])
    #expect(try evaluate(Unary(.sigmoid), [tensor(.f32, [2], [1000, -1000])]).doubles() == [1, 0])
  }

  @Test func notANumberStays() throws {
    let hole = tensor(.f32, [1], [.nan])
    for function in UnaryFunction.allCases where function != .not && function != .isNaN {
      #expect(try evaluate(Unary(function, alpha: 1, beta: 2), [hole]).doubles()[0].isNaN, "\(function)")
    }
    #expect(try evaluate(Unary(.isNaN), [hole]) == tensor(.bool, [1], [1]))
    for function in [BinaryFunction.max, .min] {
      let pairs: [[Double]] = [[.nan, 1], [1, .nan]]
      for pair in pairs {
        let operands = pair.map { tensor(.f32, [1], [$0]) }
        #expect(try evaluate(Binary(function), operands).doubles()[0].isNaN)
      }
    }
  }

  static let integerCases: [(BinaryFunction, [Double])] = [
    (.div, [-2, 2, 2, -2, 0]), (.mod, [2, 1, -1, -2, 0]), (.fmod, [-1, 1, -1, 1, 0]),
    (.pow, [-87, 87, 0, 0, 1]), (.prelu, [-21, 7, 21, 7, 7]), (.shiftRight, [-1, 0, -1, 0, 7]),
  ]

  @Test(arguments: integerCases)
  func integers(function: BinaryFunction, expected: [Double]) throws {
    let a = tensor(.i8, [5], [-7, 7, -7, 7, 7])
    let b = tensor(.i8, [5], [3, 3, -3, -3, 0])
    #expect(try evaluate(Binary(function), [a, b]).doubles() == expected)
  }

  @Test func smallestIntegerByMinusOne() throws {
    for element in [ElementType.i8, .i32, .i64] {
      let least = Tensor(
        TensorType(element, .scalar), wrapping: [element.integerRange!.lowerBound])
      let minusOne = Tensor(scalar: -1, element)
      #expect(try evaluate(Binary(.div), [least, minusOne]) == least)
      #expect(try evaluate(Binary(.mod), [least, minusOne]).integers() == [0])
      #expect(try evaluate(Unary(.negate), [least]) == least)
      #expect(try evaluate(Unary(.abs), [least]) == least)
    }
  }

  @Test func wideUnsigned() throws {
    let big = Tensor(TensorType(.u64, .scalar), wrapping: [-2])
    let three = Tensor(scalar: 3, .u64)
    #expect(try evaluate(Binary(.div), [big, three]).integers() == [Int64((UInt64.max - 1) / 3)])
    #expect(try evaluate(Binary(.max), [big, three]) == big)
    #expect(try evaluate(Binary(.less), [three, big]).integers() == [1])
    #expect(try evaluate(Cast(to: .f32), [big]).doubles() == [0x1p64])
  }

  @Test func floatRemainders() throws {
    let a = tensor(.f32, [4], [-7, 7, -7, 7])
    let b = tensor(.f32, [4], [3, 3, -3, -3])
    #expect(try evaluate(Binary(.mod), [a, b]).doubles() == [2, 1, -1, -2])
    #expect(try evaluate(Binary(.fmod), [a, b]).doubles() == [-1, 1, -1, 1])
  }

  @Test func shapesBroadcast() throws {
    var numbers = Numbers(seed: 1)
    let a = numbers.tensor(.f32, [2, 1, 3, 1], -9...9)
    let b = numbers.tensor(.f32, [4, 1, 5], -9...9)
    let (x, y) = (a.doubles(), b.doubles())
    var expected: [Double] = []
    for i in 0..<2 {
      for j in 0..<4 {
        for k in 0..<3 { for l in 0..<5 { expected.append(x[i * 3 + k] - y[j * 5 + l]) } }
      }
    }
    let result = try evaluate(Binary(.sub), [a, b])
    #expect(result.shape.extents == [2, 4, 3, 5])
    #expect(result.doubles() == expected)
    let condition = tensor(.bool, [2, 1], [1, 0])
    let chosen = try evaluate(
      Select(), [condition, tensor(.bf16, [3], [1, 2, 3]), tensor(.bf16, [], [9])])
    #expect(chosen == tensor(.bf16, [2, 3], [1, 2, 3, 9, 9, 9]))
  }

  @Test func runsLongerThanARoom() throws {
    let count = 5000
    let a = tensor(.i32, [2, count], (0..<2 * count).map { Double($0) })
    let result = try evaluate(Binary(.add), [a, tensor(.i32, [2, 1], [1, -1])])
    #expect(result.integers() == (0..<2 * count).map { Int64($0 < count ? $0 + 1 : $0 - 1) })
  }

  static let castCases: [(ElementType, [Double])] = [
    (.u8, [0, 1, 255, 0, 255]), (.i4, [-1, 1, 7, 0, 7]), (.bool, [1, 1, 1, 1, 1]),
    (.f16, [-1.7001953125, 1.7001953125, 300.5, .nan, .infinity]),
  ]

  @Test(arguments: castCases)
  func castsFromFloat(to element: ElementType, expected: [Double]) throws {
    let input = tensor(.f32, [5], [-1.7, 1.7, 300.5, .nan, .infinity])
    let result = try evaluate(Cast(to: element), [input]).doubles()
    #expect(zip(result, expected).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN })
  }

  @Test func castsFromIntegersWrap() throws {
    let input = Tensor(TensorType(.i64, Shape([3])!), wrapping: [300, -1, 1 << 53 + 1])
    #expect(try evaluate(Cast(to: .u8), [input]).integers() == [44, 255, 1])
    #expect(try evaluate(Cast(to: .u4), [input]).integers() == [12, 15, 1])
    #expect(try evaluate(Cast(to: .bool), [input]).integers() == [1, 1, 1])
  }
}

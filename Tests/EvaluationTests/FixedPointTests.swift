// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors
import Testing

@Suite struct FixedPointTests {
  private func requantize(
    _ x: [Int64], from: ElementType, _ scale: Float, to: ElementType, zero: Double = 0
  ) throws -> [Int64] {
    var op = Requantize()
    op.to = to
    op.form = .fixedPoint
    let shape = try #require(Shape([x.count]))
    let input = Tensor(TensorType(from, shape), wrapping: x)
    return try evaluate(
      op, [input, Tensor(scalar: Double(scale), .f32), Tensor(scalar: zero, to)]
    ).integers()
  }

  /// Halves go up, other than to even.
  @Test func roundsHalfUp() throws {
    let x: [Int64] = [-5, -3, -2, -1, 0, 1, 2, 3, 5]
    #expect(try requantize(x, from: .i32, 0.5, to: .i8) == [-2, -1, -1, 0, 0, 1, 1, 2, 3])
    #expect(
      try requantize(x, from: .i8, 0.5, to: .u8, zero: 1) == [0, 0, 0, 1, 1, 2, 2, 3, 4])
    #expect(try requantize(x, from: .i64, -0.5, to: .i8) == [3, 2, 1, 1, 0, 0, -1, -1, -2])
  }

  /// Scales of all sizes against doubles, in which products of 28 bits and 24 are exact.
  @Test(arguments: [ElementType.i32, .i64], [ElementType.i8, .u8, .i16, .u16])
  func everyScale(_ from: ElementType, _ to: ElementType) throws {
    var state: UInt64 = 5
    func random() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 20
    }
    let limits = try #require(to.integerRange)
    for exponent in -60...40 {
      let scale = Float(
        sign: random() % 4 == 0 ? .minus : .plus, exponent: exponent,
        significand: Float(0x80_0000 + random() % 0x80_0000) * 0x1p-23)
      let x = (0..<40).map { _ in Int64(random() % (1 << 28)) - 1 << 27 } + [0, 1, -1]
      let results = try requantize(x, from: from, scale, to: to, zero: 3)
      for (x, result) in zip(x, results) {
        let product = Double(x) * Double(scale)
        // Beyond 2⁵⁰ a double has no halves, and the result is a limit.
        let rounded = abs(product) < 0x1p50 ? (product + 0.5).rounded(.down) : product
        let wanted = min(max(rounded + 3, Double(limits.lowerBound)), Double(limits.upperBound))
        #expect(Double(result) == wanted, "\(x) times \(scale)")
      }
    }
  }

  /// No scale makes anything but an integer.
  @Test func oddScales() throws {
    let x: [Int64] = [Int64(Int32.min), -1, 0, 1, Int64(Int32.max)]
    for scale in [0, -0.0, Float.leastNonzeroMagnitude, .leastNormalMagnitude, -1e-30] {
      #expect(try requantize(x, from: .i32, scale, to: .i8, zero: 7) == [7, 7, 7, 7, 7], "\(scale)")
    }
    for scale in [Float.greatestFiniteMagnitude, .infinity, .nan] {
      #expect(
        try requantize(x, from: .i32, scale, to: .i8, zero: -128) == [-128, -128, -128, 127, 127])
    }
    #expect(try requantize(x, from: .i32, 1, to: .i8) == [-128, -1, 0, 1, 127])
  }

  /// Integers of more than 48 bits count as the largest of 48.
  @Test func wideInputsSaturate() throws {
    let x: [Int64] = [.min, -1 << 47, 1 << 46, (1 << 47) - 1, 1 << 47, .max]
    #expect(
      try requantize(x, from: .i64, 0x1p-40, to: .i16) == [-128, -128, 64, 128, 128, 128])
    #expect(try requantize(x, from: .i64, 3, to: .u8) == [0, 0, 255, 255, 255, 255])
  }
}

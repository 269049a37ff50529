// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors
import Testing

@Suite struct QuantizationTests {
  static let values = tensor(.f32, [7], [-300, -1.5, -0.5, 0.5, 1.5, 2.5, 200])

  static let cases: [(ElementType, Double, Double, [Double])] = [
    (.u8, 1, 3, [0, 1, 3, 3, 5, 5, 203]),
    (.i8, 0.7, -3, [-128, -5, -4, -2, -1, 1, 127]), (.i4, 1, 0, [-8, -2, 0, 0, 2, 2, 7]),
    (.u16, 0.01, 100, [0, 0, 50, 150, 250, 350, 20100]),
  ]

  @Test(arguments: cases)
  func roundsToEvenAndSaturates(
    to element: ElementType, scale: Double, zero: Double, expected: [Double]
  ) throws {
    var op = Quantize()
    op.to = element
    let result = try evaluate(
      op, [Self.values, Tensor(scalar: scale, .f32), Tensor(scalar: zero, element)])
    #expect(result == tensor(element, [7], expected))
  }

  @Test func scalesByChannelAndBlock() throws {
    var op = Dequantize()
    op.axis = 0
    let input = tensor(.i8, [2, 3], [1, 2, 3, 4, 5, 6])
    let byRow = try evaluate(op, [input, tensor(.f32, [2], [1, 0.5]), tensor(.i8, [2], [1, 0])])
    #expect(byRow.doubles() == [0, 1, 2, 2, 2.5, 3])
    op.axis = 1
    op.block = 2
    let blocks = try evaluate(op, [input, tensor(.f32, [2, 2], [1, 10, 0.5, 2])])
    #expect(blocks.doubles() == [1, 2, 30, 2, 2.5, 12])
    var back = Quantize()
    (back.to, back.axis, back.block) = (.i8, 1, 2)
    #expect(try evaluate(back, [blocks, tensor(.f32, [2, 2], [1, 10, 0.5, 2])]) == input)
  }

  @Test func quotientsAreOfFloats() throws {
    // 0.15 / 0.1 is 1.5 in float and rounds to 2; the doubles of these floats have a quotient
    // below.
    let x = Float(0.15)
    let scale = Float(0.1)
    #expect(x / scale == 1.5 && Double(x) / Double(scale) != 1.5)
    let result = try evaluate(
      Quantize(), [tensor(.f32, [1], [Double(x)]), Tensor(scalar: Double(scale), .f32)])
    #expect(result.doubles() == [Double((x / scale).rounded(.toNearestOrEven))])
  }

  @Test func requantizesByChannel() throws {
    var op = Requantize()
    op.to = .i8
    let sums = tensor(.i32, [1, 2, 3], [5, -5, 1000, 3, 1, -1000])
    let result = try evaluate(op, [sums, tensor(.f32, [2], [0.5, 0.5]), tensor(.i8, [], [1])])
    #expect(result.doubles() == [3, -1, 127, 3, 1, -128])
  }
}

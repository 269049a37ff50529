// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors
import Testing

@Suite struct Elements {
  @Test(arguments: [
    (1.0, 0x3C00), (-2.0, 0xC000), (65504, 0x7BFF), (65519.99, 0x7BFF), (65520, 0x7C00),
    (0x1p-14, 0x0400), (0x1p-24, 0x0001), (0x1p-25, 0x0000), (0x1.8p-25, 0x0001), (-0.0, 0x8000),
    (1 + 0x1p-11, 0x3C00), (1 + 0x3p-11, 0x3C02), (1 + 0x1.8p-11, 0x3C01), (0.1, 0x2E66),
    (.infinity, 0x7C00), (-.infinity, 0xFC00), (.nan, 0x7E00), (0x1.ff8p-15, 0x03FF),
    (0x1.ffcp-15, 0x0400), (1e308, 0x7C00),
  ] as [(Double, UInt16)]) func half(_ value: Double, _ bits: UInt16) {
    #expect(ElementCoding.halfBits(value) == bits)
  }

  @Test(arguments: [
    (1.0, 0x3F80), (3.140625, 0x4049), (3.14159265, 0x4049), (1 + 0x1p-8, 0x3F80),
    (1 + 0x3p-8, 0x3F82), (0x1p-126, 0x0080), (0x1p-133, 0x0001), (0x1p-134, 0x0000),
    (3.4028e38, 0x7F80), (-0.0, 0x8000), (.nan, 0x7FC0), (3.38e38, 0x7F7E),
  ] as [(Double, UInt16)]) func bfloat(_ value: Double, _ bits: UInt16) {
    #expect(ElementCoding.bfloatBits(value) == bits)
  }

  @Test func everyHalfRoundTrips() {
    for bits in UInt16.min...UInt16.max {
      let (half, bfloat) = (ElementCoding.half(bits), ElementCoding.bfloat(bits))
      if !half.isNaN, ElementCoding.halfBits(half) != bits { Issue.record("half \(bits)") }
      if !bfloat.isNaN, ElementCoding.bfloatBits(bfloat) != bits { Issue.record("bf16 \(bits)") }
    }
  }

  @Test(arguments: [
    (ElementType.i8, [-128, 127, 0, 2, -2]), (.u8, [0, 255, 0, 2, 0]), (.i4, [-8, 7, 0, 2, -2]),
    (.u4, [0, 15, 0, 2, 0]), (.u2, [0, 3, 0, 2, 0]), (.b1, [-1, 1, -1, 1, -1]),
    (.bool, [1, 1, 1, 1, 1]), (.i64, [-1000, 1000, 0, 2, -2]), (.u64, [0, 1000, 0, 2, 0]),
  ]) func roundsAndSaturates(_ element: ElementType, _ expected: [Double]) {
    let type = TensorType(element, Shape([5])!)
    let tensor = Tensor(type, rounding: [-1000, 1000, .nan, 2.5, -1.5])
    #expect(tensor.doubles() == expected)
    #expect(tensor.bytes.count == type.byteCount)
  }
}

@Suite struct Shapes {
  @Test func limits() {
    #expect(Shape([-1]) == nil && Shape([Int.max, 2]) == nil && Shape([1 << 24, 1 << 24]) == nil)
    #expect(Shape([0, Int.max]) == nil)
    #expect(Shape([0, 1 << 40])?.elementCount == 0)
    #expect(Shape([])?.elementCount == 1)
  }

  @Test func broadcasting() {
    #expect(Shape.broadcast(Shape([3, 1])!, Shape([4])!) == Shape([3, 4]))
    #expect(Shape.broadcast(Shape([0])!, Shape([1])!) == Shape([0]))
    #expect(Shape.broadcast(Shape([2])!, Shape([3])!) == nil)
  }
}

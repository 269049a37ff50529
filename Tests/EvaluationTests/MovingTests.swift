// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors
import Testing

@Suite struct MovingTests {
  /// Types of every way of storage: whole bytes, packed, and floats that are moved as bits.
  static let elements: [ElementType] = [.f32, .f16, .i64, .u8, .i4, .u2]

  private func counting(_ element: ElementType, _ extents: [Int]) -> Tensor {
    let count = extents.reduce(1, *)
    return tensor(element, extents, (0..<count).map { Double($0 % 4) })
  }

  @Test(arguments: elements) func transposeSliceAndPad(element: ElementType) throws {
    let input = counting(element, [2, 3])
    #expect(
      try evaluate(Transpose([1, 0]), [input]) == tensor(element, [3, 2], [0, 3, 1, 0, 2, 1]))
    #expect(
      try evaluate(Slice(starts: [1, 2], sizes: [2, 2], steps: [-1, -2]), [input])
        == tensor(element, [2, 2], [1, 3, 2, 0]))
    #expect(
      try evaluate(Pad(before: [0, 1], after: [1, 0]), [input, tensor(element, [], [1])])
        == tensor(element, [3, 4], [1, 0, 1, 2, 1, 3, 0, 1, 1, 1, 1, 1]))
    #expect(
      try evaluate(Concat(axis: 1), [input, counting(element, [2, 1])])
        == tensor(element, [2, 4], [0, 1, 2, 0, 3, 0, 1, 1]))
    #expect(
      try evaluate(Broadcast(to: [2, 2, 3]), [counting(element, [2, 1])])
        == tensor(element, [2, 2, 3], [0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1]))
    #expect(
      try evaluate(Reshape(to: [3, -1]), [input]) == tensor(element, [3, 2], [0, 1, 2, 3, 0, 1]))
  }

  static let paddingCases: [(PadMode, [Double])] = [
    (.reflect, [3, 2, 1, 2, 3, 2, 1, 2]), (.wrap, [2, 3, 1, 2, 3, 1, 2, 3]),
    (.edge, [1, 1, 1, 2, 3, 3, 3, 3]), (.constant, [0, 0, 1, 2, 3, 0, 0, 0]),
  ]

  @Test(arguments: paddingCases)
  func paddings(mode: PadMode, expected: [Double]) throws {
    let op = Pad(before: [2], after: [3], mode: mode)
    #expect(try evaluate(op, [tensor(.f32, [3], [1, 2, 3])]).doubles() == expected)
    let alone = Pad(before: [1], after: [1], mode: mode)
    let result = try evaluate(alone, [tensor(.f32, [1], [4])]).doubles()
    #expect(result == (mode == .constant ? [0, 4, 0] : [4, 4, 4]))
  }

  @Test func bitsOfANaNSurvive() throws {
    let input = Tensor(TensorType(.f32, Shape([2])!), storage: [0x7FA0_0001, 0xFFC1_2345] as [UInt32])
    let result = try evaluate(Slice(starts: [1], sizes: [2], steps: [-1]), [input])
    #expect(result == Tensor(input.type, storage: [0xFFC1_2345, 0x7FA0_0001] as [UInt32]))
  }

  @Test func gatherCountsFromTheEndToo() throws {
    let input = tensor(.i8, [2, 3, 2], (0..<12).map { Double($0) })
    let indices = tensor(.i64, [2, 1], [2, -3])
    let result = try evaluate(Gather(axis: 1), [input, indices])
    #expect(result == tensor(.i8, [2, 2, 1, 2], [4, 5, 0, 1, 10, 11, 6, 7]))
    for index in [3.0, -4, 0x1p62] {
      let failure = #expect(throws: Failure.self) {
        try evaluate(Gather(axis: 1), [input, tensor(.i64, [1], [index])])
      }
      #expect("\(failure!)".contains("is outside of axis 1 of [2,3,2]"))
    }
  }

  @Test func emptyTensors() throws {
    let empty = tensor(.f32, [0, 3], [])
    #expect(try evaluate(Transpose([1, 0]), [empty]).shape.extents == [3, 0])
    #expect(try evaluate(Pad(before: [1, 0], after: [0, 0]), [empty]).doubles() == [0, 0, 0])
    #expect(try evaluate(Concat(axis: 0), [empty, empty]).count == 0)
    #expect(try evaluate(Binary(.add), [empty, empty]).count == 0)
    #expect(try evaluate(Reduce(.sum, axes: [0], keepDimensions: false), [empty]).doubles() == [0, 0, 0])
  }
}

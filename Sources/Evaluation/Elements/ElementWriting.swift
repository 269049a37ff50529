// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors

/// The memory of a tensor in the making.
struct TensorBuilder {
  let type: TensorType
  private let memory: UnsafeMutableRawBufferPointer

  /// The tensor that `fill` makes; elements that it leaves out have all bits 0.
  static func make<E: Error>(
    _ type: TensorType, _ fill: (TensorBuilder) throws(E) -> Void
  ) throws(E) -> Tensor {
    let bytes = try Bytes(count: type.byteCount) { memory throws(E) in
      try fill(TensorBuilder(type: type, memory: memory))
    }
    guard let tensor = Tensor(type, bytes: bytes) else {
      unreachable("the bytes are those of the type")
    }
    return tensor
  }

  /// Stores `count` numbers as neighbours from the element at `start` on. Doubles are rounded to nearest (ties
  /// to even) and saturated; integers wrap, and are rounded for a float type.
  func store<Number: WideNumber>(
    _ from: UnsafePointer<Number>, at start: Int, count: Int
  ) {
    if Number.self == Double.self {
      UnsafeRawPointer(from).withMemoryRebound(to: Double.self, capacity: count) {
        storeDoubles($0, start, count)
      }
    } else {
      UnsafeRawPointer(from).withMemoryRebound(to: Int64.self, capacity: count) {
        storeIntegers($0, start, count)
      }
    }
  }

  private func storeDoubles(_ from: UnsafePointer<Double>, _ start: Int, _ count: Int) {
    switch type.element {
    case .f32: put(start, count) { Float(from[$0]) }
    case .f64: put(start, count) { from[$0] }
    case .f16: put(start, count) { ElementCoding.halfBits(from[$0]) }
    case .bf16: put(start, count) { ElementCoding.bfloatBits(from[$0]) }
    case .bool: put(start, count) { from[$0] != 0 ? 1 as UInt8 : 0 }
    case .b1: putBits(start, count, width: 1) { from[$0] > 0 ? 1 : 0 }
    case .u64:
      put(start, count) { i -> UInt64 in
        let rounded = from[i].rounded(.toNearestOrEven)
        return rounded.isNaN || rounded <= 0 ? 0 : rounded >= 0x1p64 ? .max : UInt64(rounded)
      }
    case .i64, .i32, .i16, .i8, .i4, .u32, .u16, .u8, .u4, .u2:
      guard let range = type.element.integerRange else { unreachable("an integer has a range") }
      withUnsafeTemporaryAllocation(of: Int64.self, capacity: max(count, 1)) { integers in
        for i in 0..<count { integers[i] = ElementCoding.saturate(from[i], to: range) }
        storeIntegers(UnsafePointer(integers.baseAddress!), start, count)
      }
    }
  }

  private func storeIntegers(_ from: UnsafePointer<Int64>, _ start: Int, _ count: Int) {
    switch type.element {
    case .f32: put(start, count) { Float(from[$0]) }
    case .f64: put(start, count) { Double(from[$0]) }
    case .f16: put(start, count) { ElementCoding.halfBits(Double(from[$0])) }
    case .bf16: put(start, count) { ElementCoding.bfloatBits(Double(from[$0])) }
    case .i64, .u64: put(start, count) { from[$0] }
    case .i32, .u32: put(start, count) { Int32(truncatingIfNeeded: from[$0]) }
    case .i16, .u16: put(start, count) { Int16(truncatingIfNeeded: from[$0]) }
    case .i8, .u8: put(start, count) { Int8(truncatingIfNeeded: from[$0]) }
    case .bool: put(start, count) { from[$0] != 0 ? 1 as UInt8 : 0 }
    case .i4, .u4:
      putBits(start, count, width: 4) { UInt8(truncatingIfNeeded: from[$0]) & 15 }
    case .u2: putBits(start, count, width: 2) { UInt8(truncatingIfNeeded: from[$0]) & 3 }
    case .b1: putBits(start, count, width: 1) { from[$0] > 0 ? 1 : 0 }
    }
  }

  @inline(__always)
  private func put<Stored: BitwiseCopyable>(
    _ start: Int, _ count: Int, _ value: (Int) -> Stored
  ) {
    guard count > 0 else { return }
    let size = MemoryLayout<Stored>.size
    precondition(start >= 0 && (start + count) * size <= memory.count, "inside the tensor")
    let base = memory.baseAddress! + start * size
    for i in 0..<count { base.storeBytes(of: value(i), toByteOffset: i * size, as: Stored.self) }
  }

  /// Stores fields of less than a byte, whose bits are 0 before.
  @inline(__always)
  private func putBits(_ start: Int, _ count: Int, width: Int, _ value: (Int) -> UInt8) {
    for i in 0..<count {
      let bit = (start + i) * width
      memory[bit >> 3] |= value(i) << UInt8(bit & 7)
    }
  }
}

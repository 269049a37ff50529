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

  /// Stores `count` numbers, the first in the element at `start` and each `step` behind the one
  /// before. Doubles are rounded to nearest (ties to even) and saturated; integers wrap, and are
  /// rounded for a float type.
  func store<Number: WideNumber>(
    _ from: UnsafePointer<Number>, at start: Int, step: Int = 1, count: Int
  ) {
    let run = Run(start: start, step: step, count: count)
    if Number.self == Double.self {
      UnsafeRawPointer(from).withMemoryRebound(to: Double.self, capacity: count) {
        storeDoubles($0, run)
      }
    } else {
      UnsafeRawPointer(from).withMemoryRebound(to: Int64.self, capacity: count) {
        storeIntegers($0, run)
      }
    }
  }

  private func storeDoubles(_ from: UnsafePointer<Double>, _ run: Run) {
    switch type.element {
    case .f32: put(run) { Float(from[$0]) }
    case .f64: put(run) { from[$0] }
    case .f16: put(run) { ElementCoding.halfBits(from[$0]) }
    case .bf16: put(run) { ElementCoding.bfloatBits(from[$0]) }
    case .bool: put(run) { from[$0] != 0 ? 1 as UInt8 : 0 }
    case .b1: putBits(run, width: 1) { from[$0] > 0 ? 1 : 0 }
    case .u64:
      put(run) { i -> UInt64 in
        let rounded = from[i].rounded(.toNearestOrEven)
        return rounded.isNaN || rounded <= 0 ? 0 : rounded >= 0x1p64 ? .max : UInt64(rounded)
      }
    case .i64, .i32, .i16, .i8, .i4, .u32, .u16, .u8, .u4, .u2:
      guard let range = type.element.integerRange else { unreachable("an integer has a range") }
      withUnsafeTemporaryAllocation(of: Int64.self, capacity: max(run.count, 1)) { integers in
        for i in 0..<run.count { integers[i] = ElementCoding.saturate(from[i], to: range) }
        storeIntegers(UnsafePointer(integers.baseAddress!), run)
      }
    }
  }

  private func storeIntegers(_ from: UnsafePointer<Int64>, _ run: Run) {
    switch type.element {
    case .f32: put(run) { Float(from[$0]) }
    case .f64: put(run) { Double(from[$0]) }
    case .f16: put(run) { ElementCoding.halfBits(Double(from[$0])) }
    case .bf16: put(run) { ElementCoding.bfloatBits(Double(from[$0])) }
    case .i64, .u64: put(run) { from[$0] }
    case .i32, .u32: put(run) { Int32(truncatingIfNeeded: from[$0]) }
    case .i16, .u16: put(run) { Int16(truncatingIfNeeded: from[$0]) }
    case .i8, .u8: put(run) { Int8(truncatingIfNeeded: from[$0]) }
    case .bool: put(run) { from[$0] != 0 ? 1 as UInt8 : 0 }
    case .i4, .u4:
      putBits(run, width: 4) { UInt8(truncatingIfNeeded: from[$0]) & 15 }
    case .u2: putBits(run, width: 2) { UInt8(truncatingIfNeeded: from[$0]) & 3 }
    case .b1: putBits(run, width: 1) { from[$0] > 0 ? 1 : 0 }
    }
  }

  /// Elements at equal distances.
  private struct Run {
    let start: Int
    let step: Int
    let count: Int
  }

  @inline(__always)
  private func put<Stored: BitwiseCopyable>(_ run: Run, _ value: (Int) -> Stored) {
    guard run.count > 0 else { return }
    let size = MemoryLayout<Stored>.size
    let last = run.start + (run.count - 1) * run.step
    precondition(run.start >= 0 && (last + 1) * size <= memory.count, "inside the tensor")
    let base = memory.baseAddress! + run.start * size
    if run.step == 1 {
      for i in 0..<run.count {
        base.storeBytes(of: value(i), toByteOffset: i * size, as: Stored.self)
      }
    } else {
      for i in 0..<run.count {
        base.storeBytes(of: value(i), toByteOffset: i * run.step * size, as: Stored.self)
      }
    }
  }

  /// Stores fields of less than a byte, whose bits are 0 before.
  @inline(__always)
  private func putBits(_ run: Run, width: Int, _ value: (Int) -> UInt8) {
    for i in 0..<run.count {
      let bit = (run.start + i * run.step) * width
      memory[bit >> 3] |= value(i) << UInt8(bit & 7)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors

// Elements are read in runs, so that the choice by element type is made once a run.
extension Tensor {
  /// Writes `count` elements, the first at `start` and each `step` behind the one before, to `to`.
  /// All must lie inside the tensor.
  func load<Number: WideNumber>(
    _ to: UnsafeMutablePointer<Number>, at start: Int, step: Int = 1, count: Int
  ) {
    bytes.withUnsafeBytes { memory in
      let source = ElementMemory(memory, element)
      if step == 1 {
        source.read(to, count: count) { start + $0 }
      } else {
        source.read(to, count: count) { start + $0 * step }
      }
    }
  }

  /// Writes the elements at `start` plus each offset to `to`; where the offset is negative,
  /// `absent`.
  func gather<Number: WideNumber>(
    _ to: UnsafeMutablePointer<Number>, at start: Int, offsets: UnsafePointer<Int>, count: Int,
    absent: Number
  ) {
    bytes.withUnsafeBytes { memory in
      let source = ElementMemory(memory, element)
      source.read(to, count: count, absent: absent) { offsets[$0] < 0 ? -1 : start + offsets[$0] }
    }
  }
}

/// The elements in a run of bytes.
private struct ElementMemory {
  let memory: UnsafeRawBufferPointer
  let element: ElementType

  init(_ memory: UnsafeRawBufferPointer, _ element: ElementType) {
    self.memory = memory
    self.element = element
  }

  /// Writes the elements at the given indices to `to`; where the index is negative, `absent`.
  @inline(__always)
  func read<Number: WideNumber>(
    _ to: UnsafeMutablePointer<Number>, count: Int, absent: Number = .zero,
    _ index: (Int) -> Int
  ) {
    switch element {
    case .f32:
      fill(to, count, absent, index) { .converting(Double(at($0, as: Float.self))) }
    case .f64: fill(to, count, absent, index) { .converting(at($0, as: Double.self)) }
    case .f16:
      fill(to, count, absent, index) {
        .converting(ElementCoding.half(at($0, as: UInt16.self)))
      }
    case .bf16:
      fill(to, count, absent, index) {
        .converting(ElementCoding.bfloat(at($0, as: UInt16.self)))
      }
    case .i64: fill(to, count, absent, index) { .converting(at($0, as: Int64.self)) }
    case .i32: fill(to, count, absent, index) { .converting(at($0, as: Int32.self)) }
    case .i16: fill(to, count, absent, index) { .converting(at($0, as: Int16.self)) }
    case .i8: fill(to, count, absent, index) { .converting(at($0, as: Int8.self)) }
    case .u64: fill(to, count, absent, index) { .converting(at($0, as: UInt64.self)) }
    case .u32: fill(to, count, absent, index) { .converting(at($0, as: UInt32.self)) }
    case .u16: fill(to, count, absent, index) { .converting(at($0, as: UInt16.self)) }
    case .u8: fill(to, count, absent, index) { .converting(at($0, as: UInt8.self)) }
    case .bool:
      fill(to, count, absent, index) { .converting(at($0, as: UInt8.self) != 0 ? 1 as Int64 : 0) }
    case .i4: fill(to, count, absent, index) { .converting(Int8(bits($0, 4) ^ 8) - 8) }
    case .u4: fill(to, count, absent, index) { .converting(bits($0, 4)) }
    case .u2: fill(to, count, absent, index) { .converting(bits($0, 2)) }
    case .b1: fill(to, count, absent, index) { .converting(bits($0, 1) == 0 ? -1 as Int64 : 1) }
    }
  }

  @inline(__always)
  private func fill<Number: WideNumber>(
    _ to: UnsafeMutablePointer<Number>, _ count: Int, _ absent: Number, _ index: (Int) -> Int,
    _ value: (Int) -> Number
  ) {
    for i in 0..<count {
      let position = index(i)
      to[i] = position < 0 ? absent : value(position)
    }
  }

  @inline(__always)
  private func at<Stored: BitwiseCopyable>(_ index: Int, as type: Stored.Type) -> Stored {
    memory.loadUnaligned(fromByteOffset: index * MemoryLayout<Stored>.size, as: type)
  }

  @inline(__always)
  private func bits(_ index: Int, _ width: Int) -> UInt8 {
    let bit = index * width
    return memory[bit >> 3] >> UInt8(bit & 7) & UInt8((1 << width) - 1)
  }
}

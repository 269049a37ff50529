// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors

/// One lane. Integers of all types are kept sign- or zero-extended; of `u64` the bits.
enum LoopNumber {
  case float(Double)
  case integer(Int64)
}

/// What an expression gave: lanes of floats or of integers.
struct LoopValue {
  let type: ValueType
  var floats: [Double] = []
  var integers: [Int64] = []

  subscript(lane: Int) -> LoopNumber {
    type.element.isFloat ? .float(floats[lane]) : .integer(integers[lane])
  }

  /// Floats, rounded to the type.
  init(_ type: ValueType, floats: [Double]) {
    self.type = type
    self.floats = type.element == .f32 ? floats.map { Double(Float($0)) } : floats
  }

  /// Integers, wrapped to the type.
  init(_ type: ValueType, integers: [Int64]) {
    self.type = type
    self.integers = integers.map { Self.wrapped($0, type.element) }
  }

  /// The value in the width of an element type.
  static func wrapped(_ v: Int64, _ element: ElementType) -> Int64 {
    switch element {
    case .i8: Int64(Int8(truncatingIfNeeded: v))
    case .u8: Int64(UInt8(truncatingIfNeeded: v))
    case .i16: Int64(Int16(truncatingIfNeeded: v))
    case .u16: Int64(UInt16(truncatingIfNeeded: v))
    case .i32: Int64(Int32(truncatingIfNeeded: v))
    case .u32: Int64(UInt32(truncatingIfNeeded: v))
    case .bool: v == 0 ? 0 : 1
    default: v
    }
  }
}

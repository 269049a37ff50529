// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

/// The type of a tensor's elements.
public enum ElementType: String, CaseIterable, Sendable, AttributeWord {
  case f32, f16, bf16, f64
  case i64, i32, i16, i8, i4
  case u64, u32, u16, u8, u4, u2
  case bool
  /// One bit an element: 0 stands for −1, 1 for +1.
  case b1

  /// What an element is, apart from its width.
  public enum Kind: Sendable { case float, signed, unsigned, boolean, sign }

  /// What an element is, apart from its width.
  public var kind: Kind {
    switch self {
    case .f32, .f16, .bf16, .f64: .float
    case .i64, .i32, .i16, .i8, .i4: .signed
    case .u64, .u32, .u16, .u8, .u4, .u2: .unsigned
    case .bool: .boolean
    case .b1: .sign
    }
  }

  /// The width of one stored element in bits.
  public var bitCount: Int {
    switch self {
    case .f64, .i64, .u64: 64
    case .f32, .i32, .u32: 32
    case .f16, .bf16, .i16, .u16: 16
    case .i8, .u8, .bool: 8
    case .i4, .u4: 4
    case .u2: 2
    case .b1: 1
    }
  }

  /// Whether elements are floating-point numbers.
  public var isFloat: Bool { kind == .float }
  /// Whether elements are integers, signed or not.
  public var isInteger: Bool { kind == .signed || kind == .unsigned }

  /// The smallest and the largest value of an integer type of at most 63 bits (`bool`: 0 and 1,
  /// `b1`: −1 and 1; `i64` and `u64` are clamped to the range of `Int64`); nil for floats.
  public var integerRange: ClosedRange<Int64>? {
    switch kind {
    case .float: return nil
    case .boolean: return 0...1
    case .sign: return -1...1
    case .signed:
      return bitCount == 64
        ? Int64.min...Int64.max : -(1 << (bitCount - 1))...(1 << (bitCount - 1)) - 1
    case .unsigned: return bitCount == 64 ? 0...Int64.max : 0...(1 << bitCount) - 1
    }
  }
}

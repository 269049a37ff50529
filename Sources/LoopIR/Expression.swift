// SPDX-License-Identifier: Apache-2.0
public import Tensors

/// What an expression yields: a number, or a short vector of them.
public struct ValueType: Hashable, Sendable {
  /// One of the types that are computed in: f32, f64, i8…i64, u8…u64, bool. (The narrower storage types
  /// widen when they are loaded, see `ElementType.computed`.)
  public let element: ElementType
  /// The number of lanes; 1 for a plain number.
  public let lanes: Int

  /// A type of `lanes` numbers.
  public init(_ element: ElementType, lanes: Int = 1) {
    self.element = element
    self.lanes = lanes
  }
}

extension ElementType {
  /// The type in which a loaded element is computed with: f16 and bf16 widen to f32, i4 and b1 to i8, u4
  /// and u2 to u8, the others stay. A store rounds (floats: to nearest, ties to even) or wraps back.
  public var computed: ElementType {
    switch self {
    case .f16, .bf16: .f32
    case .i4, .b1: .i8
    case .u4, .u2: .u8
    case .f32, .f64, .i64, .i32, .i16, .i8, .u64, .u32, .u16, .u8, .bool: self
    }
  }
}

/// A name for a value inside a kernel, bound once.
public struct Local: Hashable, Sendable {
  /// The number inside the kernel.
  public let id: Int
  /// What it holds, for reading.
  public let name: String
  public let type: ValueType
  /// For integers that stand in an index: all values that it can take.
  public let range: ClosedRange<Int>?

  /// A name; `id` must be unique in the kernel.
  public init(id: Int, name: String, type: ValueType, range: ClosedRange<Int>? = nil) {
    self.id = id
    self.name = name
    self.type = type
    self.range = range
  }
}

/// An array of accumulators that is meant to live in registers: small constant extents, and indices
/// that are constant once the unrolled loops around are.
public struct RegisterArray: Hashable, Sendable {
  /// The number inside the kernel.
  public let id: Int
  /// What it holds, for reading.
  public let name: String
  public let type: ValueType
  /// The extents, outermost first; empty for a single mutable variable.
  public let extents: [Int]

  /// An array; `id` must be unique in the kernel.
  public init(id: Int, name: String, type: ValueType, extents: [Int]) {
    self.id = id
    self.name = name
    self.type = type
    self.extents = extents
  }
}

/// A place in a buffer that is a parameter of the kernel.
public struct Access: Hashable, Sendable {
  /// The position of the parameter.
  public let parameter: Int
  /// The element type of the parameter.
  public let element: ElementType
  /// The offset in elements.
  public let index: Index

  /// The element at `index` of a parameter.
  public init(parameter: Int, element: ElementType, index: Index) {
    self.parameter = parameter
    self.element = element
    self.index = index
  }
}

/// A function of one number, for each lane.
public enum UnaryOperator: String, CaseIterable, Sendable {
  case negate, absolute, squareRoot, exp, log, sin, cos, tan, asin, acos, atan
  case sinh, cosh, tanh, asinh, acosh, atanh, erf, floor, ceil
  /// To the nearest integer, ties to even.
  case roundEven
  /// `bool` to `bool`.
  case logicalNot
  /// Of an integer.
  case bitwiseNot
  /// Float to `bool`.
  case isNaN
}

/// A function of two numbers of one type, for each lane. Integer arithmetic wraps; `divide` and `modulo`
/// of integers truncate toward zero and their divisor is not zero.
public enum BinaryOperator: String, CaseIterable, Sendable {
  case add, subtract, multiply, divide
  /// The remainder with the sign of the dividend (C's `%` and `fmod`).
  case modulo
  /// `b < a ? b : a` and `b > a ? b : a`: a NaN on the left stays, one on the right is dropped.
  case minimum, maximum
  /// Of integers it wraps; what a negative exponent makes a fraction is truncated.
  case power
  /// On integers bit by bit, on `bool` logical.
  case and, or, xor
  /// Of integers; the count is smaller than the width.
  case shiftLeft, shiftRight
  /// These yield `bool`.
  case equal, notEqual, less, lessEqual, greater, greaterEqual

  /// Whether the result is `bool` whatever the operands are.
  public var isComparison: Bool {
    switch self {
    case .equal, .notEqual, .less, .lessEqual, .greater, .greaterEqual: true
    default: false
    }
  }
}

/// How lanes are joined to one number: the upper half of the lanes to the lower, until one is left. (Of
/// `bool` the minimum says whether all hold, the maximum whether any does; there is no sum.)
public enum HorizontalOperator: String, CaseIterable, Sendable { case add, minimum, maximum }

/// What happens to integers that do not fit the new type. (Floats that become integers truncate toward
/// zero and always saturate; NaN becomes 0. To `bool`: whether the number is not zero.)
public enum ConversionMode: String, CaseIterable, Sendable { case wrapping, saturating }

/// Single instructions of a target, with a portable meaning.
public enum Primitive: String, CaseIterable, Sendable {
  /// a·b + c on floats; fused or not, as the target does it best.
  case multiplyAdd
  /// c + Σ₄ aᵢ·bᵢ: operands i8 or u8 with 4 times the lanes of the i32 accumulator c.
  case dot4
  /// c + Σ₂ aᵢ·bᵢ: operands i16 with twice the lanes of the i32 accumulator c.
  case dot2
  /// c + Σ aᵢ·bᵢ over all lanes: operands i8, u8 or i16 of one type, the accumulator c is one i32.
  case dotAcross
  /// c + the even lanes of a, widened: a is i8 or u8 with twice the lanes of the i16 vector c.
  case addEven
  /// c + the odd lanes of a, widened.
  case addOdd
  /// The number of bits set, of u32 or u64.
  case populationCount
}

/// An expression; it has no side effects.
public indirect enum Expression: Hashable, Sendable {
  /// A float number of type `ValueType`, the same in all lanes.
  case float(Double, ValueType)
  /// An integer or `bool` number, the same in all lanes.
  case integer(Int64, ValueType)
  /// A bound value.
  case local(Local)
  /// An element of a register array.
  case register(RegisterArray, [Index])
  /// `lanes` consecutive elements from the place on, widened to the computed type.
  case load(Access, lanes: Int)
  /// An index as a number of an integer type.
  case index(Index, ElementType)
  case unary(UnaryOperator, Expression)
  case binary(BinaryOperator, Expression, Expression)
  /// Lane by lane the second where the `bool` first holds, else the third.
  case select(Expression, Expression, Expression)
  case convert(Expression, to: ElementType, ConversionMode)
  /// The bits of a number taken for one of another type of the same width.
  case reinterpret(Expression, to: ElementType)
  /// A number in all lanes, or a short vector of at most 64 bits over and over.
  case splat(Expression, lanes: Int)
  case horizontal(HorizontalOperator, Expression)
  case primitive(Primitive, [Expression])

  /// What the expression yields.
  public var type: ValueType {
    switch self {
    case .float(_, let type), .integer(_, let type): return type
    case .local(let local): return local.type
    case .register(let array, _): return array.type
    case .load(let access, let lanes): return ValueType(access.element.computed, lanes: lanes)
    case .index(_, let element): return ValueType(element)
    case .unary(.isNaN, let x): return ValueType(.bool, lanes: x.type.lanes)
    case .unary(_, let x): return x.type
    case .binary(let function, let x, _):
      return function.isComparison ? ValueType(.bool, lanes: x.type.lanes) : x.type
    case .select(_, let x, _): return x.type
    case .convert(let x, let element, _): return ValueType(element, lanes: x.type.lanes)
    case .reinterpret(let x, let element): return ValueType(element, lanes: x.type.lanes)
    case .splat(let x, let lanes): return ValueType(x.type.element, lanes: lanes)
    case .horizontal(_, let x): return ValueType(x.type.element)
    case .primitive(.multiplyAdd, let operands), .primitive(.dot4, let operands),
      .primitive(.dot2, let operands), .primitive(.dotAcross, let operands):
      return operands[2].type
    case .primitive(.addEven, let operands), .primitive(.addOdd, let operands):
      return operands[1].type
    case .primitive(.populationCount, let operands): return operands[0].type
    }
  }
}

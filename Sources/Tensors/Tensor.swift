// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

/// An immutable dense tensor: row-major, little-endian, sub-byte elements packed with the first in
/// the lowest bits. Copies share their bytes, which may be part of a mapped file.
public struct Tensor: Sendable, Equatable {
  public let type: TensorType
  /// The elements' bytes; exactly `type.byteCount` of them.
  public let bytes: Bytes

  /// A tensor over bytes of the right count, or nil if the count is another.
  public init?(_ type: TensorType, bytes: Bytes) {
    guard bytes.count == type.byteCount else { return nil }
    self.type = type
    self.bytes = bytes
  }

  private init(unchecked type: TensorType, _ bytes: Bytes) {
    self.type = type
    self.bytes = bytes
  }

  /// The extents.
  public var shape: Shape { type.shape }
  /// The element type.
  public var element: ElementType { type.element }
  /// The number of elements.
  public var count: Int { type.shape.elementCount }

  /// The same elements under another shape of as many elements, or nil if their number differs.
  public func reshaped(to shape: Shape) -> Tensor? {
    guard shape.elementCount == count else { return nil }
    return Tensor(unchecked: TensorType(element, shape), bytes)
  }

  /// A tensor whose elements are the values rounded (to nearest, ties to even) and saturated to the
  /// element type; there must be as many values as elements.
  public init(_ type: TensorType, rounding values: [Double]) {
    precondition(values.count == type.shape.elementCount, "one value for each element")
    self.init(unchecked: type, ElementCoding.encode(values, as: type.element))
  }

  /// A tensor whose elements are the integers, wrapped to the width of an integer element type and
  /// rounded for a float one; there must be as many values as elements.
  public init(_ type: TensorType, wrapping values: [Int64]) {
    precondition(values.count == type.shape.elementCount, "one value for each element")
    self.init(unchecked: type, ElementCoding.encode(values, as: type.element))
  }

  /// A tensor of plain elements in storage form (`Float` for f32, `UInt16` for f16 bits…); their
  /// size must be that of the element type and there must be as many as elements.
  public init<Element: BitwiseCopyable>(_ type: TensorType, storage elements: [Element]) {
    let bytes = Bytes(copying: elements)
    precondition(bytes.count == type.byteCount, "the elements have the type's size")
    self.init(unchecked: type, bytes)
  }

  /// A scalar of the value, rounded and saturated to the element type.
  public init(scalar value: Double, _ element: ElementType) {
    self.init(TensorType(element, .scalar), rounding: [value])
  }

  /// All elements as doubles (exact but for 64-bit integers beyond 2⁵³).
  public func doubles() -> [Double] { ElementCoding.doubles(bytes, element, count: count) }

  /// All elements as integers; floats are truncated toward zero and saturated, NaN is 0; `u64`
  /// keeps its bit pattern.
  public func integers() -> [Int64] { ElementCoding.integers(bytes, element, count: count) }
}

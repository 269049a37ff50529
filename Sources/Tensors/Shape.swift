// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// The extent of one axis. Fixed today; a type of its own so that unknown extents can move in.
public struct Dimension: Hashable, Sendable {
  /// The number of positions along the axis, 0 or more.
  public let extent: Int

  /// A fixed extent.
  @inlinable public init(_ extent: Int) { self.extent = extent }
}

/// The extents of a tensor's axes, outermost first. The number of elements always fits in 47 bits,
/// so that counts of bits fit in an `Int`.
public struct Shape: Hashable, Sendable {
  /// The axes.
  public let dimensions: [Dimension]
  /// The product of the extents; 1 for a scalar.
  public let elementCount: Int

  /// The most elements that a shape may have.
  public static let elementLimit = 1 << 47

  /// The shape of a scalar.
  public static let scalar = Shape(dimensions: [], elementCount: 1)

  /// The shape with these extents, or nil if one is negative or the elements are too many.
  public init?(_ extents: [Int]) {
    var nonzero = 1
    for extent in extents {
      guard extent >= 0, extent <= Self.elementLimit else { return nil }
      let count = Checked(nonzero) * Checked(Swift.max(extent, 1))
      guard let product = count.size(upTo: Self.elementLimit) else { return nil }
      nonzero = product
    }
    self.init(
      dimensions: extents.map(Dimension.init), elementCount: extents.contains(0) ? 0 : nonzero)
  }

  private init(dimensions: [Dimension], elementCount: Int) {
    self.dimensions = dimensions
    self.elementCount = elementCount
  }

  /// The number of axes.
  public var rank: Int { dimensions.count }
  /// The extents as plain numbers.
  public var extents: [Int] { dimensions.map(\.extent) }
  /// The extent of an axis, which must exist.
  public subscript(axis: Int) -> Int { dimensions[axis].extent }

  /// Distances between neighbours along each axis in row-major order, in elements.
  public var rowMajorStrides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * Swift.max(self[axis + 1], 1)
    }
    return strides
  }

  /// The axis that a number from −rank to rank−1 means, or nil if it means none.
  public func axis(_ number: Int) -> Int? {
    guard number >= -rank, number < rank else { return nil }
    return number < 0 ? number + rank : number
  }

  /// The shape of an elementwise result by numpy's rules, or nil if the shapes do not agree.
  public static func broadcast(_ a: Shape, _ b: Shape) -> Shape? {
    let rank = Swift.max(a.rank, b.rank)
    var extents: [Int] = []
    for i in 0..<rank {
      let x = i < rank - a.rank ? 1 : a[i - (rank - a.rank)]
      let y = i < rank - b.rank ? 1 : b[i - (rank - b.rank)]
      guard x == y || x == 1 || y == 1 else { return nil }
      extents.append(x == 1 ? y : x)
    }
    return Shape(extents)
  }
}

extension Shape: CustomStringConvertible {
  public var description: String { "[" + extents.map(String.init).joined(separator: ",") + "]" }
}

/// The element type and the shape of a tensor; printed as `f32[1,16,32,32]`.
public struct TensorType: Hashable, Sendable, CustomStringConvertible {
  public var element: ElementType
  public var shape: Shape

  /// A tensor type.
  public init(_ element: ElementType, _ shape: Shape) {
    self.element = element
    self.shape = shape
  }

  /// The bits of all elements, densely stored.
  public var bitCount: Int { shape.elementCount * element.bitCount }
  /// The bytes of all elements, densely stored (sub-byte elements packed, the last byte filled up).
  public var byteCount: Int { (bitCount + 7) / 8 }

  public var description: String { element.rawValue + shape.description }
}

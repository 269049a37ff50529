// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// Where the elements of a tensor lie in a buffer: the order and split of its axes, a border (halo) around
/// them, and an offset. Kernels reach tensors only through `at`, so a layout is a decision apart from them.
public struct BufferLayout: Hashable, Sendable {
  /// A level of the nest in which elements lie.
  public struct Axis: Hashable, Sendable {
    /// Which part of a dimension's coordinate selects the position along this axis.
    public enum Part: Hashable, Sendable {
      case whole
      /// ⌊coordinate / factor⌋.
      case outer(factor: Int)
      /// coordinate mod factor.
      case inner(factor: Int)
    }

    /// The dimension of the logical shape.
    public let dimension: Int
    public let part: Part
    /// Positions along the axis in memory, halo and padding included.
    public let extent: Int
    /// Elements between neighbours along the axis.
    public let stride: Int
  }

  /// Positions kept free before and after a dimension's own.
  public struct Halo: Hashable, Sendable {
    public let before: Int
    public let after: Int

    /// A border of two widths.
    public init(before: Int, after: Int) {
      self.before = before
      self.after = after
    }

    /// No border.
    public static let none = Halo(before: 0, after: 0)

    /// The elements that borders, one for each dimension, add around a tensor.
    public static func elements(of halos: [Halo], around shape: Shape) -> Checked {
      let whole = zip(shape.extents, halos).reduce(Checked(1)) { product, axis in
        product * (Checked(axis.0) + Checked(axis.1.before) + Checked(axis.1.after))
      }
      return whole - Checked(shape.elementCount)
    }
  }

  /// The element type and logical shape.
  public let type: TensorType
  /// The axes, outermost first.
  public let axes: [Axis]
  /// One for each logical dimension.
  public let halo: [Halo]
  /// Elements in front of the first one, not counting its halo.
  public let offset: Int
  /// Elements that the buffer spans from its start, halo and padding included; more than `elementLimit` if they are too many.
  public let elementCount: Int

  /// The most elements that a buffer may span: their bits can still be counted in an `Int`.
  public static let elementLimit = 1 << 56

  /// Whether no memory can hold the elements: extents, halos or blocks multiply beyond what can be counted. Such a layout has no
  /// strides; whoever gives it memory refuses it.
  public var isTooLarge: Bool { elementCount > Self.elementLimit }

  private init(type: TensorType, axes: [Axis], halo: [Halo], offset: Int, elementCount: Int) {
    self.type = type
    self.axes = axes
    self.halo = halo
    self.offset = offset
    self.elementCount = elementCount
  }

  /// The dense layout in which axes have the given order and split; strides follow. A split dimension stands
  /// twice in `order`, as `.outer` and `.inner` of one factor, and is filled up to a multiple of it; a
  /// dimension with a halo is not split.
  public init(
    _ type: TensorType, order: [(dimension: Int, part: Axis.Part)], halo: [Halo]? = nil
  ) {
    let halo = halo ?? Array(repeating: .none, count: type.shape.rank)
    let extents = order.map { Self.extent(of: $0.dimension, $0.part, in: type.shape, halo) }
    let total = extents.reduce(1) { $0 * $1 }.size(upTo: Self.elementLimit)
    var axes: [Axis] = []
    var stride = total == nil ? 0 : 1
    for (place, extent) in zip(order, extents).reversed() {
      let extent = extent.size(upTo: Self.elementLimit) ?? Self.elementLimit
      axes.append(
        Axis(dimension: place.dimension, part: place.part, extent: extent, stride: stride))
      stride *= total == nil ? 0 : extent
    }
    self.init(
      type: type, axes: axes.reversed(), halo: halo, offset: 0,
      elementCount: total ?? Self.elementLimit + 1)
  }

  private static func extent(
    of dimension: Int, _ part: Axis.Part, in shape: Shape, _ halo: [Halo]
  ) -> Checked {
    let own = Checked(shape[dimension])
    switch part {
    case .whole: return own + Checked(halo[dimension].before) + Checked(halo[dimension].after)
    case .outer(let factor): return (own + Checked(factor - 1)) / Checked(factor)
    case .inner(let factor): return Checked(factor)
    }
  }

  /// Row-major order, outermost dimension first, perhaps with a halo.
  public static func rowMajor(_ type: TensorType, halo: [Halo]? = nil) -> BufferLayout {
    BufferLayout(type, order: (0..<type.shape.rank).map { ($0, .whole) }, halo: halo)
  }

  /// Row-major order with blocks of `factor` positions of `dimension` innermost (NCHWc if it is 1).
  public static func blocked(
    _ type: TensorType, dimension: Int, factor: Int, halo: [Halo]? = nil
  ) -> BufferLayout {
    guard factor > 1 else { return rowMajor(type, halo: halo) }
    var order: [(dimension: Int, part: Axis.Part)] = (0..<type.shape.rank).map {
      ($0, $0 == dimension ? .outer(factor: factor) : .whole)
    }
    order.append((dimension, .inner(factor: factor)))
    return BufferLayout(type, order: order, halo: halo)
  }

  /// The part of this layout that holds a box of the tensor: the same memory, seen as a tensor of its own.
  /// Along a split dimension the box must start at a multiple of the factor.
  public func region(start: [Int], shape: Shape) -> BufferLayout {
    let origin = at(start.map { Index($0) })
    guard let position = origin.constantValue else { unreachable("constants give a constant") }
    let base = zip(axes.map(\.dimension), axes).reduce(position) { sum, pair in
      sum - (pair.1.part == .whole ? halo[pair.0].before * pair.1.stride : 0)
    }
    return BufferLayout(
      type: TensorType(type.element, shape), axes: Self.axes(axes, over: shape, halo: halo),
      halo: halo, offset: base)
  }

  /// The axes with the extents that a tensor of this shape has along them; strides stay.
  private static func axes(_ axes: [Axis], over shape: Shape, halo: [Halo]) -> [Axis] {
    axes.map { axis in
      let extent = extent(of: axis.dimension, axis.part, in: shape, halo)
      return Axis(
        dimension: axis.dimension, part: axis.part,
        extent: extent.size(upTo: elementLimit) ?? elementLimit, stride: axis.stride)
    }
  }

  /// A layout that spans what its axes do.
  private init(type: TensorType, axes: [Axis], halo: [Halo], offset: Int) {
    let isEmpty = axes.contains { $0.extent == 0 }
    self.init(
      type: type, axes: axes, halo: halo, offset: offset,
      elementCount: isEmpty ? offset : axes.reduce(offset + 1) { $0 + ($1.extent - 1) * $1.stride })
  }

  /// The offset in elements of the element at these coordinates (one for each logical dimension); in the
  /// halo they may be negative or beyond the extent.
  public func at(_ coordinates: [Index]) -> Index {
    precondition(coordinates.count == type.shape.rank, "one coordinate for each dimension")
    var index = Index(offset)
    for axis in axes {
      let coordinate = coordinates[axis.dimension]
      switch axis.part {
      case .whole: index = index + (coordinate + halo[axis.dimension].before) * axis.stride
      case .outer(let factor): index = index + coordinate.quotient(by: factor) * axis.stride
      case .inner(let factor): index = index + coordinate.remainder(by: factor) * axis.stride
      }
    }
    return index
  }

  /// The same layout as seen from its own first element (halo included): what a pointer to there addresses.
  public var atOrigin: BufferLayout {
    BufferLayout(
      type: type, axes: axes, halo: halo, offset: 0, elementCount: elementCount - offset)
  }

  /// The same memory without its border: positions outside of the extents are no part of it.
  public var withoutHalo: BufferLayout {
    let skipped = axes.reduce(0) { sum, axis in
      sum + (axis.part == .whole ? halo[axis.dimension].before * axis.stride : 0)
    }
    let none = halo.map { _ in Halo.none }
    return BufferLayout(
      type: type, axes: Self.axes(axes, over: type.shape, halo: none), halo: none,
      offset: offset + skipped)
  }

  /// The same memory taken for elements of another type of the same width.
  public func retyped(as element: ElementType) -> BufferLayout {
    precondition(element.bitCount == type.element.bitCount, "the width stays")
    return BufferLayout(
      type: TensorType(element, type.shape), axes: axes, halo: halo, offset: offset,
      elementCount: elementCount)
  }

  /// Whether the elements lie in row-major order without gaps, perhaps behind others.
  public var isDense: Bool {
    guard halo.allSatisfy({ $0 == .none }), axes.count == type.shape.rank else { return false }
    let strides = type.shape.rowMajorStrides
    return axes.enumerated().allSatisfy { position, axis in
      axis.dimension == position && axis.part == .whole
        && (axis.stride == strides[position] || type.shape[position] <= 1)
    }
  }

  /// The elements of a dense layout under another shape of as many elements.
  public func reshaped(to shape: Shape) -> BufferLayout {
    precondition(isDense && shape.elementCount == type.shape.elementCount, "dense, as many elements")
    let plain = BufferLayout.rowMajor(TensorType(type.element, shape))
    return BufferLayout(type: plain.type, axes: plain.axes, halo: plain.halo, offset: offset)
  }

  /// Elements between neighbours along a dimension, where they are evenly spaced; nil for a split dimension.
  public func stride(along dimension: Int) -> Int? {
    let own = axes.filter { $0.dimension == dimension }
    return own.count == 1 ? own[0].stride : nil
  }

  /// Whether runs of `count` positions of a dimension that start at multiples of it lie in consecutive elements, filled up at the
  /// dimension's end.
  public func hasRuns(of count: Int, along dimension: Int) -> Bool {
    if count == 1 { return true }
    guard let last = axes.last(where: { $0.extent > 1 }), last.dimension == dimension,
      last.stride == 1
    else { return false }
    switch last.part {
    case .inner(let factor): return factor % count == 0
    case .whole: return type.shape[dimension] % count == 0
    case .outer: return false
    }
  }

  /// Whether the elements lie in plain row-major order without gaps from the buffer's start.
  public var isRowMajor: Bool { self == .rowMajor(type) }

  /// The bytes that the buffer spans.
  public var byteCount: Int { (elementCount * type.element.bitCount + 7) / 8 }
}

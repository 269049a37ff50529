// SPDX-License-Identifier: Apache-2.0

/// The elements of memory that belong to a tensor, halo and filling included, counted from the tensor's first: a box of nested axes. A dense
/// tensor is one axis; a part of a concat has an axis for each gap.
struct BufferRegion: Hashable {
  /// `count` positions that lie `stride` elements apart.
  struct Axis: Hashable {
    let stride: Int
    let count: Int
  }

  /// The axes, outermost first; each spans more than those after it together.
  let axes: [Axis]
  /// Whether there are no elements.
  let isEmpty: Bool

  /// The region of a layout that starts at its origin.
  init(_ layout: BufferLayout) {
    isEmpty = layout.axes.contains { $0.extent == 0 }
    var merged: [Axis] = []
    for axis in layout.axes.filter({ $0.extent > 1 }).sorted(by: { $0.stride < $1.stride }) {
      if let outer = merged.last, axis.stride == outer.stride * outer.count {
        merged[merged.count - 1] = Axis(stride: outer.stride, count: outer.count * axis.extent)
      } else {
        merged.append(Axis(stride: axis.stride, count: axis.extent))
      }
    }
    axes = merged.reversed()
  }

  /// The elements from the first to the last, with those between that do not belong to it.
  var span: Int { isEmpty ? 0 : Self.span(axes[...]) }

  /// The positions along each axis that `lanes` consecutive elements from an index on take in a nest of loops; nil if they are not inside.
  func box(of index: Index, lanes: Int, in nest: LoopNest) -> [ClosedRange<Int>]? {
    isEmpty ? nil : box(of: index, lanes, axes[...], nest)
  }

  private func box(
    of index: Index, _ lanes: Int, _ axes: ArraySlice<Axis>, _ nest: LoopNest
  ) -> [ClosedRange<Int>]? {
    guard let axis = axes.first else {
      return lanes == 1 && nest.range(of: index) == 0...0 ? [] : nil
    }
    if axes.count == 1, axis.stride == 1 {
      let range = nest.range(of: index)
      let last = range.upperBound + lanes - 1
      return range.lowerBound >= 0 && last < axis.count ? [range.lowerBound...last] : nil
    }
    var (outer, inner) = index.divided(by: axis.stride)
    // The constant was divided for itself; the rest as a whole must lie between two positions.
    let shift = floorQuotient(nest.minimum(of: inner), axis.stride)
    if shift != 0 {
      outer = outer + shift
      inner = inner - shift * axis.stride
    }
    let range = nest.range(of: outer)
    guard range.lowerBound >= 0, range.upperBound < axis.count,
      let rest = box(of: inner, lanes, axes.dropFirst(), nest)
    else { return nil }
    return [range] + rest
  }

  /// Calls `body` with the first element and the length of each run of consecutive elements of a box of positions.
  func forEachRun(of box: [ClosedRange<Int>], _ body: (_ start: Int, _ count: Int) -> Void) {
    guard !isEmpty else { return }
    func nest(_ depth: Int, _ start: Int) {
      guard depth < axes.count else { return body(start, 1) }
      let (axis, range) = (axes[depth], box[depth])
      if depth == axes.count - 1, axis.stride == 1 {
        return body(start + range.lowerBound, range.count)
      }
      for position in range { nest(depth + 1, start + position * axis.stride) }
    }
    nest(0, 0)
  }

  /// Whether two regions that start `distance` elements apart (the other after this one) have an element in common.
  func overlaps(_ other: BufferRegion, at distance: Int) -> Bool {
    guard !isEmpty, !other.isEmpty else { return false }
    return Self.overlaps(axes[...], other.axes[...], distance)
  }

  /// The same of the axes from some on. Rows that lie so far apart that they share nothing are not looked at, so that of each axis
  /// few remain.
  private static func overlaps(_ own: ArraySlice<Axis>, _ other: ArraySlice<Axis>, _ distance: Int) -> Bool {
    guard distance < span(own), -distance < span(other) else { return false }
    if isDense(own), isDense(other) { return true }
    let (stride, otherStride) = (own.first?.stride ?? 0, other.first?.stride ?? 0)
    if stride < otherStride { return overlaps(other, own, -distance) }
    if let axis = other.first, axis.stride < stride, stride % axis.stride == 0, stride / axis.stride <= axis.count {
      // The finer axis as rows of the coarser one, and what is left over.
      let factor = stride / axis.stride
      let (rows, rest) = axis.count.quotientAndRemainder(dividingBy: factor)
      let inner = other.dropFirst()
      let whole = [Axis(stride: stride, count: rows), Axis(stride: axis.stride, count: factor)] + inner
      let left = [Axis(stride: axis.stride, count: rest)] + inner
      return overlaps(own, whole[...], distance) || rest > 0 && overlaps(own, left[...], distance + rows * stride)
    }
    // Row j of the other lies `distance + step · stride` after row i of this one, where step = j − i.
    let inner = own.dropFirst()
    let otherInner = otherStride == stride ? other.dropFirst() : other
    let otherCount = otherStride == stride ? other.first?.count ?? 1 : 1
    let low = max(1 - (own.first?.count ?? 1), -floorQuotient(distance + span(otherInner) - 1, stride))
    let high = min(otherCount - 1, floorQuotient(span(inner) - 1 - distance, stride))
    // Views of one tensor never have strides so odd; others that lie in each other's span have no business there.
    guard high - low < 1 << 20 else { return true }
    var step = low
    while step <= high {
      if overlaps(inner, otherInner, distance + step * stride) { return true }
      step += 1
    }
    return false
  }

  /// The elements from the first to the last of nested axes.
  private static func span(_ axes: ArraySlice<Axis>) -> Int {
    axes.reduce(1) { $0 + ($1.count - 1) * $1.stride }
  }

  private static func isDense(_ axes: ArraySlice<Axis>) -> Bool {
    axes.isEmpty || axes.count == 1 && axes.first?.stride == 1
  }
}

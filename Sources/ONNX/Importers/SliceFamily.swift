// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Slice and Split; positions are attributes, later operands.
enum SliceFamily: OperatorFamily {
  static let importers = [
    OperatorImporter("Slice", "positions known when the model is read", read: slice),
    OperatorImporter("Split", "sizes known when the model is read", read: split),
  ]

  @Sendable static func slice(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    let extents = node.extents(x)
    let isOld = node.opset < 10
    guard
      let from = isOld ? try node.ints("starts") : try node.constantInts(1, "starts"),
      let to = isOld ? try node.ints("ends") : try node.constantInts(2, "ends")
    else { throw node.failure("starts or ends are missing") }
    let axes =
      (isOld ? try node.ints("axes") : try node.constantInts(3, "axes")) ?? Array(from.indices)
    let by =
      (isOld ? nil : try node.constantInts(4, "steps"))
      ?? Array(repeating: 1, count: from.count)
    guard to.count == from.count, axes.count == from.count, by.count == from.count else {
      throw node.failure("starts, ends, axes and steps differ in length")
    }
    var starts = Array(repeating: 0, count: extents.count)
    var sizes = extents
    var steps = Array(repeating: 1, count: extents.count)
    for (i, axis) in try node.axes(axes, rank: extents.count).enumerated() {
      guard by[i] != 0, by[i] != Int.min else { throw node.failure("step \(by[i]) of axis \(axis)") }
      let range = positions(from: from[i], to: to[i], by: by[i], extent: extents[axis])
      starts[axis] = range.start
      sizes[axis] = range.count
      steps[axis] = range.count <= 1 ? 1 : by[i]
    }
    return [try node.slice(x, starts: starts, sizes: sizes, steps: steps)]
  }

  /// The first position and the number of positions of a slice, its ends clamped as in Python.
  private static func positions(
    from: Int, to: Int, by step: Int, extent: Int
  ) -> (start: Int, count: Int) {
    let lowest = step > 0 ? 0 : -1
    let highest = step > 0 ? extent : extent - 1
    func clamped(_ position: Int) -> Int {
      let absolute = position < 0 ? position + extent : position
      return min(max(absolute, lowest), highest)
    }
    let (first, last) = (clamped(from), clamped(to))
    let distance = step > 0 ? last - first : first - last
    guard distance > 0 else { return (0, 0) }
    return (first, (distance - 1) / abs(step) + 1)
  }

  @Sendable static func split(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    let extents = node.extents(x)
    let axis = try node.axis(try node.int("axis", default: 0), rank: extents.count)
    let given = node.opset < 13 ? try node.ints("split") : try node.constantInts(1, "split")
    let declared = node.opset < 18 ? nil : try node.int("num_outputs")
    let sizes: [Int]
    if let given {
      sizes = given
    } else {
      let parts = declared ?? node.node.outputs.count
      guard parts > 0, parts == node.node.outputs.count else {
        throw node.failure("\(parts) parts for \(node.node.outputs.count) results")
      }
      guard declared != nil || extents[axis] % parts == 0 else {
        throw node.failure("\(parts) parts do not divide axis \(axis) of \(node.type(x))")
      }
      let size = (extents[axis] + parts - 1) / parts
      sizes = (0..<parts).map { max(min(size, extents[axis] - $0 * size), 0) }
    }
    var rest = extents[axis]
    for size in sizes {
      guard size >= 0, size <= rest else { rest = -1; break }
      rest -= size
    }
    guard rest == 0, sizes.count == node.node.outputs.count else {
      throw node.failure("parts \(sizes.text) of axis \(axis) of \(node.type(x))")
    }
    var starts = Array(repeating: 0, count: extents.count)
    var results: [ValueID?] = []
    for (number, size) in sizes.enumerated() {
      var box = extents
      box[axis] = size
      let isRead = node.wantsResult(number)
      let first = size == 0 ? starts.map { _ in 0 } : starts
      results.append(isRead ? try node.slice(x, starts: first, sizes: box) : nil)
      starts[axis] += size
    }
    return results
  }
}

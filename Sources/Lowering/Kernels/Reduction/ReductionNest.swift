// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors

/// The loops of kernels that go over some dimensions of a tensor for each position of the others:
/// which vectors they take, and how many numbers are summed side by side.
struct ReductionNest {
  /// What lies along a vector.
  enum Direction: Equatable {
    case scalar
    /// Positions of a group that stays: each lane is a reduction of its own.
    case kept(Int)
    /// Positions of a group that is reduced: the lanes are joined at the end.
    case along(Int)
  }

  /// The dimensions of the reduced tensor, neighbours of one kind together where both tensors allow
  /// it.
  let merged: MergedDimensions
  /// Whether each group is reduced.
  let isReduced: [Bool]
  let direction: Direction
  let lanes: Int
  /// Whether the vectors of the kept dimension reach into the filling of its last block.
  let coversFilling: Bool

  /// The nest over a tensor.
  ///
  /// - Parameters:
  ///   - y: the layout of the result, whose place for a position of `x` is `target`.
  ///   - lanes: the lanes of vectors; 1 for none.
  ///   - mergesKept: whether dimensions that stay may be walked as one.
  init(
    _ x: BufferLayout, _ y: BufferLayout, target: ([Index]) -> [Index], axes: [Int], lanes: Int,
    mergesKept: Bool = true
  ) {
    let shape = x.type.shape
    let reduced = Set(axes)
    let byKind = MergedDimensions(shape) { reduced.contains($0) ? -1 : mergesKept ? -2 : $0 }
    let isLinear = byKind.groups.indices.allSatisfy { group in
      byKind.isLinear(along: group) { x.at($0) }
        && byKind.isLinear(along: group) { y.at(target($0)) }
    }
    let merged = isLinear ? byKind : MergedDimensions(shape) { $0 }
    self.merged = merged
    isReduced = merged.groups.map { reduced.contains($0.lowerBound) }

    /// Whether vectors along a group are consecutive in a layout.
    func hasVectors(_ layout: BufferLayout, _ group: Int, _ index: ([Index]) -> Index) -> Bool {
      merged.course(along: group, of: index) == .contiguous
        || layout.hasBlocks(of: lanes, along: merged.groups[group], of: merged.shape)
    }
    var direction = Direction.scalar
    for group in merged.groups.indices where lanes > 1 && merged.extent(group) >= lanes {
      guard hasVectors(x, group, { x.at($0) }) else { continue }
      if isReduced[group] {
        let isPlain = merged.course(along: group) { x.at($0) } == .contiguous
        let fits = merged.course(along: group) { y.at(target($0)) } != .other
        if isPlain, fits, direction == .scalar { direction = .along(group) }
      } else if hasVectors(y, group, { y.at(target($0)) }) {
        direction = .kept(group)
      }
    }
    self.direction = direction
    self.lanes = direction == .scalar ? 1 : lanes
    if case .kept(let group) = direction {
      coversFilling = x.hasBlocks(of: lanes, along: merged.groups[group], of: shape)
        && y.isSplit
    } else {
      coversFilling = false
    }
  }

  /// The last dimension of the reduced tensor along which vectors run, if they run along kept ones.
  var keptDimension: Int? {
    guard case .kept(let group) = direction else { return nil }
    return merged.groups[group].last { merged.shape[$0] > 1 }
  }

  /// Runs over all positions of the kept groups; the body gets counters for all groups (0 for the
  /// reduced ones) and the number of lanes.
  func forEachKept(
    _ k: inout KernelBuilder, _ body: (inout KernelBuilder, [Index], Int) -> Void
  ) {
    func nest(_ k: inout KernelBuilder, _ counters: [Index], _ lanes: Int) {
      let group = counters.count
      guard group < merged.groups.count else { return body(&k, counters, lanes) }
      if isReduced[group] { return nest(&k, counters + [0], lanes) }
      let extent = merged.extent(group)
      if direction == .kept(group) {
        let whole = coversFilling ? (extent + self.lanes - 1) / self.lanes * self.lanes : extent
        k.run("k\(group)", 0..<whole, lanes: self.lanes) { k, i, lanes in
          nest(&k, counters + [i], lanes)
        }
      } else {
        k.loop("k\(group)", 0..<extent) { k, i in nest(&k, counters + [i], lanes) }
      }
    }
    nest(&k, [], 1)
  }

  /// Runs over the reduced positions that belong to a kept one; the body gets the coordinates and
  /// the number of lanes.
  func forEachReduced(
    _ k: inout KernelBuilder, at kept: [Index], lanes: Int,
    _ body: (inout KernelBuilder, [Index], Int) -> Void
  ) {
    func nest(_ k: inout KernelBuilder, _ counters: [Index], _ lanes: Int) {
      guard let group = nextReduced(after: counters.count) else {
        return body(&k, merged.coordinates(counters + kept[counters.count...]), lanes)
      }
      let outer = counters + kept[counters.count..<group]
      let extent = merged.extent(group)
      if direction == .along(group) {
        k.run("r\(group)", 0..<extent, lanes: self.lanes) { k, i, lanes in
          nest(&k, outer + [i], lanes)
        }
      } else {
        k.loop("r\(group)", 0..<extent) { k, i in nest(&k, outer + [i], lanes) }
      }
    }
    nest(&k, [], lanes)
  }

  private func nextReduced(after count: Int) -> Int? {
    (count..<merged.groups.count).first { isReduced[$0] }
  }
}

extension MergedDimensions {
  /// Whether the place moves evenly along a group.
  func isLinear(along group: Int, of index: ([Index]) -> Index) -> Bool {
    let count = extent(group)
    if groups[group].count == 1 || count <= 1 { return true }
    let probe = LoopVariable(id: -1, name: "probe", range: 0...count - 1)
    let terms = index(
      coordinates(groups.indices.map { $0 == group ? Index(probe) : Index(0) })).terms
    return terms.isEmpty || terms.count == 1 && terms[0].atom == .loop(probe)
  }
}

extension BufferLayout {
  /// Whether a single dimension lies in blocks, innermost, of a multiple of `count` positions.
  func hasBlocks(of count: Int, along dimensions: Range<Int>, of shape: Shape) -> Bool {
    guard dimensions.count == 1, let last = axes.last, last.stride == 1,
      case .inner(let factor) = last.part
    else { return false }
    return shape.rank == type.shape.rank && last.dimension == dimensions.lowerBound
      && factor % count == 0
  }
}

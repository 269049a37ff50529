// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors

/// Neighbouring dimensions of a shape walked as one, so that a loop is long even where the
/// innermost extents are small (7x7).
struct MergedDimensions {
  let shape: Shape
  /// The dimensions that each group covers, all of the shape in order.
  let groups: [Range<Int>]

  /// What an index does along a group while the coordinates before are fixed.
  enum Course {
    /// It stays.
    case constant
    /// It moves by one with each position.
    case contiguous
    case other
  }

  /// Groups of the dimensions that agree in `key` with their neighbour.
  init<Key: Equatable>(_ shape: Shape, by key: (Int) -> Key) {
    self.shape = shape
    var groups: [Range<Int>] = []
    for dimension in 0..<shape.rank {
      if let last = groups.last, key(last.lowerBound) == key(dimension) {
        groups[groups.count - 1] = last.lowerBound..<dimension + 1
      } else {
        groups.append(dimension..<dimension + 1)
      }
    }
    self.groups = groups
  }

  /// The dimensions from `first` on as one group, those before for themselves.
  init(_ shape: Shape, from first: Int) {
    self.init(shape) { min($0, first) }
  }

  /// The most trailing dimensions that `isLegal` lets be one group; nil if not even the last can be
  /// a group.
  static func longestRun(
    of shape: Shape, isLegal: (MergedDimensions) -> Bool
  ) -> MergedDimensions? {
    var best: MergedDimensions?
    for first in stride(from: shape.rank - 1, through: 0, by: -1) {
      let merged = MergedDimensions(shape, from: first)
      guard isLegal(merged) else { break }
      best = merged
    }
    return best
  }

  /// The number of positions of a group.
  func extent(_ group: Int) -> Int { groups[group].reduce(1) { $0 * shape[$1] } }

  /// The extents of all groups.
  var extents: [Int] { groups.indices.map(extent) }

  /// The coordinates in the shape for one counter for each group.
  func coordinates(_ counters: [Index]) -> [Index] {
    var coordinates: [Index] = []
    for (group, counter) in zip(groups, counters) {
      var rest = counter
      var inner: [Index] = []
      for dimension in group.dropFirst().reversed() {
        inner.append(rest.remainder(by: shape[dimension]))
        rest = rest.quotient(by: shape[dimension])
      }
      coordinates.append(rest)
      coordinates += inner.reversed()
    }
    return coordinates
  }

  /// What `index` of the coordinates does along a group.
  func course(along group: Int, of index: ([Index]) -> Index) -> Course {
    let count = extent(group)
    if count <= 1 { return .constant }
    let probe = LoopVariable(id: -1, name: "probe", range: 0...count - 1)
    let counters = groups.indices.map { $0 == group ? Index(probe) : Index(0) }
    let terms = index(coordinates(counters)).terms
    if terms.isEmpty { return .constant }
    let isContiguous = terms.count == 1 && terms[0].factor == 1 && terms[0].atom == .loop(probe)
    return isContiguous ? .contiguous : .other
  }

  /// What the place in a layout of this shape does along a group.
  func course(along group: Int, in layout: BufferLayout) -> Course {
    course(along: group) { layout.at($0) }
  }
}

extension KernelBuilder {
  /// A loop over `count` positions by vectors of `lanes`, and one over the rest by single numbers.
  /// The body gets the position and the number of lanes.
  mutating func run(
    _ name: String, _ positions: Range<Int>, lanes: Int,
    _ body: (inout KernelBuilder, Index, Int) -> Void
  ) {
    let vectors = lanes > 1 ? positions.count / lanes : 0
    let start = positions.lowerBound
    loop(name, 0..<vectors) { k, i in body(&k, i * lanes + start, lanes) }
    loop(name, start + vectors * lanes..<positions.upperBound) { k, i in body(&k, i, 1) }
  }
}

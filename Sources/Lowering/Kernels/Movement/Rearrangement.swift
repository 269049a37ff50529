// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import LoopIR
import Targets
import Tensors

/// A kernel that writes each position of a tensor from one of another tensor, dimension by
/// dimension, or from a fill value: copies, slices, padding, transposes, repetition. Runs that lie
/// in order on both sides are moved by vectors.
struct Rearrangement {
  /// What stands where no position of the source does.
  enum Fill {
    case number(Double)
    /// A tensor with one element.
    case tensor(TensorView)
  }

  let x: TensorParameter
  let y: TensorParameter
  /// One for each dimension of the result.
  let axes: [SourceAxis]
  let lanes: Int
  /// The layout in whose order the positions are walked.
  private let walk: BufferLayout
  /// Trailing dimensions of the result that are walked as one, from this one on.
  private let runStart: Int
  private let run: MergedDimensions?
  private var tables: [Int: TensorParameter] = [:]
  private var fill: Expression?
  private var parameters: [TensorParameter]

  /// Adds the step. The layouts fit: only dimensions that pass through unchanged are split.
  static func add(
    _ source: TensorView, to target: TensorView, _ axes: [SourceAxis], fill: Fill,
    in context: inout LoweringContext
  ) {
    guard target.layout.type.shape.elementCount > 0 else { return }
    var k = KernelBuilder("copy")
    let kernel = Rearrangement(source, target, axes, fill, &k, in: &context)
    let rank = kernel.x.layout.type.shape.rank
    kernel.nest(&k, 0, axes.map { _ in 0 }, Array(repeating: 0, count: rank))
    context.add(k, kernel.parameters)
  }

  private init(
    _ source: TensorView, _ target: TensorView, _ axes: [SourceAxis], _ fill: Fill,
    _ k: inout KernelBuilder, in context: inout LoweringContext
  ) {
    // Elements are moved as they are: halves and truths as integers of their width.
    let element = Self.carrier(of: target.layout.type.element, fill: fill)
    func retyped(_ view: TensorView) -> TensorView {
      TensorView(root: view.root, layout: view.layout.retyped(as: element))
    }
    x = k.input("x", retyped(source))
    y = k.output("y", retyped(target))
    self.axes = axes
    parameters = [x, y]
    lanes = element.bitCount < 8
      ? 1 : context.target.lanes(element.bitCount, of: element.isFloat ? .float : .integer)
    let shape = target.layout.type.shape
    let isWholeCopy = x.layout.type.shape == shape
      && axes.enumerated().allSatisfy { $1.isIdentity(of: $0, extent: shape[$0]) }
    walk = isWholeCopy && source.layout.isSplit && !target.layout.isSplit ? x.layout : y.layout
    run = Self.run(x.layout, y.layout, axes)
    runStart = run.map { $0.groups[$0.groups.count - 1].lowerBound } ?? axes.count
    if axes.contains(where: \.hasGaps) {
      switch fill {
      case .number(let value):
        self.fill = .constant(value, like: ValueType(element.computed))
      case .tensor(let view):
        let parameter = k.input("fill", retyped(view))
        parameters.append(parameter)
        self.fill = k.bind("fill", k.load(parameter, view.layout.type.shape.extents.map { _ in 0 }))
      }
    }
    for (d, axis) in axes.enumerated() {
      for case .table(_, let sources) in axis.pieces {
        guard let shape = Shape([sources.count]) else { continue }
        let bytes = Packing.generate(count: sources.count) {
          Int32(truncatingIfNeeded: sources[$0])
        }
        let view = context.constant(.rowMajor(TensorType(.i32, shape)), bytes, name: "positions")
        let parameter = k.input("p\(d)", view)
        tables[d] = parameter
        parameters.append(parameter)
      }
    }
  }

  /// The type whose numbers are moved in place of an element's.
  private static func carrier(of element: ElementType, fill: Fill) -> ElementType {
    if case .number(let value) = fill, value != 0 { return element }
    switch element {
    case .f16, .bf16: return .u16
    case .bool: return .u8
    case .f32, .f64, .i64, .i32, .i16, .i8, .i4, .u64, .u32, .u16, .u8, .u4, .u2, .b1:
      return element
    }
  }

  /// The longest run of trailing dimensions that lie in order in the result, and in the source,
  /// too, or show one position of it.
  private static func run(
    _ x: BufferLayout, _ y: BufferLayout, _ axes: [SourceAxis]
  ) -> MergedDimensions? {
    guard !y.isSplit, !x.isSplit, y.axes.enumerated().allSatisfy({ $1.dimension == $0 }) else {
      return nil
    }
    return .longestRun(of: y.type.shape) { merged in
      let last = merged.groups.count - 1
      guard axes[merged.groups[last].lowerBound].isShift else { return false }
      if merged.extent(last) <= 1 { return true }
      return merged.course(along: last, in: y) == .contiguous
        && merged.course(along: last) { x.at(source(of: $0, axes, rank: x.type.shape.rank)) }
          != .other
    }
  }

  /// The source position of a position in the first piece of each dimension, which is a line.
  private static func source(of position: [Index], _ axes: [SourceAxis], rank: Int) -> [Index] {
    var source = [Index](repeating: 0, count: rank)
    for (axis, index) in zip(axes, position) {
      guard let dimension = axis.dimension,
        case .line(let range, let start, let step) = axis.pieces[0]
      else { continue }
      source[dimension] = (index - range.lowerBound) * step + start
    }
    return source
  }

  private func nest(
    _ k: inout KernelBuilder, _ depth: Int, _ position: [Index], _ source: [Index]
  ) {
    if let run, walk.axes.count > depth, walk.axes[depth].dimension == runStart {
      return copyRun(run, &k, position, source)
    }
    guard depth < walk.axes.count else { return k.store(y, position, k.load(x, source)) }
    let axis = walk.axes[depth]
    let d = axis.dimension
    func step(_ k: inout KernelBuilder, _ index: Index, _ shown: Index) {
      var (next, from) = (position, source)
      next[d] = next[d] + index
      if let dimension = axes[d].dimension { from[dimension] = from[dimension] + shown }
      nest(&k, depth + 1, next, from)
    }
    let extent = y.layout.type.shape[d]
    switch axis.part {
    case .outer(let factor):
      k.loop("d\(d)", 0..<extent / factor) { k, i in step(&k, i * factor, i * factor) }
      let last = Index(extent / factor * factor)
      if extent % factor != 0 { step(&k, last, last) }
    case .inner(let factor):
      let isCut = position[d].range.upperBound + factor > extent
      let count = isCut ? extent % factor : factor
      let isRun = lanes > 1 && count % lanes == 0 && x.layout.hasRuns(of: lanes, along: d)
        && y.layout.hasRuns(of: lanes, along: d)
      guard isRun else { return k.loop("d\(d)", 0..<count) { k, i in step(&k, i, i) } }
      k.loop("d\(d)", 0..<count / lanes) { k, i in
        var (next, from) = (position, source)
        next[d] = next[d] + i * lanes
        if let dimension = axes[d].dimension { from[dimension] = from[dimension] + i * lanes }
        k.store(y, next, k.load(x, from, lanes: lanes))
      }
    case .whole:
      for piece in axes[d].pieces { self.piece(piece, d, depth, &k, position, source, step) }
    }
  }

  private func piece(
    _ piece: SourceAxis.Piece, _ d: Int, _ depth: Int, _ k: inout KernelBuilder,
    _ position: [Index], _ source: [Index],
    _ step: (inout KernelBuilder, Index, Index) -> Void
  ) {
    let range = piece.positions
    switch piece {
    case .line(_, let start, let distance):
      if depth == walk.axes.count - 1, distance == 1, isEven(d) {
        return k.run("d\(d)", range, lanes: lanes) { k, i, lanes in
          var (next, from) = (position, source)
          next[d] = i
          if let dimension = axes[d].dimension { from[dimension] = i + (start - range.lowerBound) }
          k.store(y, next, k.load(x, from, lanes: lanes))
        }
      }
      k.loop("d\(d)", range) { k, i in step(&k, i, (i - range.lowerBound) * distance + start) }
    case .repeated(_, let start, let factor):
      k.loop("d\(d)", 0..<range.count / factor) { k, i in
        k.loop("r\(d)", 0..<factor) { k, j in
          step(&k, i * factor + j + range.lowerBound, i + start)
        }
      }
    case .fill: k.loop("d\(d)", range) { k, i in fill(&k, depth + 1, position, d, i) }
    case .table(_, let sources):
      guard let table = tables[d], let largest = sources.max() else { return }
      k.loop("d\(d)", range) { k, i in
        let shown = k.load(table, [i - range.lowerBound])
        guard sources.contains(where: { $0 < 0 }) else {
          return step(&k, i, k.bindIndex("s", shown, range: 0...largest))
        }
        let bound = k.bind("s", shown)
        let isInside = Expression.binary(.greaterEqual, bound, .constant(0, like: bound.type))
        k.branch(isInside) { k in
          step(&k, i, k.bindIndex("s", bound, range: 0...max(largest, 0)))
        } else: { k in
          fill(&k, depth + 1, position, d, i)
        }
      }
    }
  }

  /// Whether the last dimension lies in order on both sides.
  private func isEven(_ d: Int) -> Bool {
    guard lanes > 1, y.layout.stride(along: d) == 1, let dimension = axes[d].dimension else {
      return false
    }
    return x.layout.stride(along: dimension) == 1
  }

  /// Copies all positions of the run behind a position of the dimensions before.
  private func copyRun(
    _ run: MergedDimensions, _ k: inout KernelBuilder, _ position: [Index], _ source: [Index]
  ) {
    let last = run.groups.count - 1
    let rank = x.layout.type.shape.rank
    let course = run.course(along: last) { x.layout.at(Self.source(of: $0, axes, rank: rank)) }
    let first = shown(source, axes.map { _ in 0 })
    let repeated = course == .constant ? k.bind("v", k.load(x, first)) : nil
    k.run("i", 0..<run.extent(last), lanes: lanes) { k, i, lanes in
      let inner = run.coordinates((0..<last).map { _ in Index(0) } + [i])
      let next = Array(position[..<runStart]) + Array(inner[runStart...])
      if let repeated { return k.store(y, next, repeated.splat(lanes)) }
      k.store(y, next, k.load(x, shown(source, inner), lanes: lanes))
    }
  }

  /// The source position of a position of the run, whose dimensions before the run show `source`.
  private func shown(_ source: [Index], _ position: [Index]) -> [Index] {
    let moved = Self.source(of: position, axes, rank: source.count)
    var from = source
    for d in runStart..<axes.count {
      if let dimension = axes[d].dimension { from[dimension] = moved[dimension] }
    }
    return from
  }

  /// Fills all positions of the axes from `depth` on.
  private func fill(
    _ k: inout KernelBuilder, _ depth: Int, _ position: [Index], _ d: Int, _ index: Index
  ) {
    guard let fill else { unreachable("a rearrangement with gaps has a fill value") }
    var position = position
    position[d] = index
    func nest(_ k: inout KernelBuilder, _ depth: Int, _ position: [Index]) {
      guard depth < walk.axes.count else { return k.store(y, position, fill) }
      let axis = walk.axes[depth]
      let d = axis.dimension
      let extent = y.layout.type.shape[d]
      func at(_ index: Index) -> [Index] {
        var next = position
        next[d] = next[d] + index
        return next
      }
      switch axis.part {
      case .whole:
        let isLast = depth == walk.axes.count - 1 && axis.stride == 1
        guard isLast else {
          return k.loop("d\(d)", 0..<extent) { k, i in nest(&k, depth + 1, at(i)) }
        }
        k.run("d\(d)", 0..<extent, lanes: lanes) { k, i, lanes in
          k.store(y, at(i), fill.splat(lanes))
        }
      case .outer(let factor):
        k.loop("d\(d)", 0..<extent / factor) { k, i in nest(&k, depth + 1, at(i * factor)) }
        if extent % factor != 0 { nest(&k, depth + 1, at(Index(extent / factor * factor))) }
      case .inner(let factor):
        let isCut = position[d].range.upperBound + factor > extent
        k.loop("d\(d)", 0..<(isCut ? extent % factor : factor)) { k, i in
          nest(&k, depth + 1, at(i))
        }
      }
    }
    nest(&k, depth, position)
  }
}

extension BufferLayout {
  /// Whether a dimension's positions lie in blocks.
  var isSplit: Bool { axes.contains { $0.part != .whole } }
}

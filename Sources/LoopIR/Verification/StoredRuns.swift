// SPDX-License-Identifier: Apache-2.0

/// The elements that a store writes in all iterations of the loops around it, as runs of consecutive elements.
///
/// Counters that appear only as summands of the index, in loops with constant bounds, are joined to runs and strides; the others (cut
/// loops, those that cut them, and what stands in quotients) are counted through one by one.
struct StoredRuns {
  /// Consecutive elements.
  struct Run: Hashable {
    let start: Int
    let count: Int
  }

  private(set) var runs: [Run] = []
  private let index: Index
  private let levels: [LoopNest.Level]
  private var counted: [Int] = []
  private var strides: [(stride: Int, count: Int)] = []
  private var runLength: Int

  /// The runs of `lanes` elements from `index` on, or nil if the index depends on data.
  init?(_ index: Index, lanes: Int, in nest: LoopNest) {
    guard !index.hasLocals else { return nil }
    self.index = index
    levels = nest.levels
    runLength = lanes
    if nest.isEmpty { return }
    var isCounted: Set<Int> = []
    func count(_ index: Index) { for variable in index.variables { isCounted.insert(variable) } }
    for term in index.terms {
      switch term.atom {
      case .quotient(let inner, _), .remainder(let inner, _): count(inner)
      case .loop, .local: break
      }
    }
    for level in levels where !level.isConstant {
      isCounted.insert(level.variable.id)
      for bound in level.lower.indices + level.upper.indices {
        guard !bound.hasLocals else { return nil }
        count(bound)
      }
    }
    var free: [(stride: Int, count: Int)] = []
    var base = index
    for (depth, level) in levels.enumerated() {
      let id = level.variable.id
      if isCounted.contains(id) {
        counted.append(depth)
        continue
      }
      guard let term = index.terms.first(where: { $0.atom == .loop(level.variable) }),
        let range = level.range
      else { continue }
      base = base - Index(level.variable) * term.factor + term.factor * range.lowerBound
      // A negative stride runs from the other end.
      if term.factor < 0 { base = base + term.factor * (range.count - 1) }
      free.append((abs(term.factor), range.count))
    }
    for axis in free.sorted(by: { $0.stride < $1.stride }) {
      if axis.stride <= runLength {
        runLength += axis.stride * (axis.count - 1)
      } else {
        strides.append(axis)
      }
    }
    iterate(0, base)
    join()
  }

  /// Runs over the counted loops from a depth on; their counters are put into the index.
  private mutating func iterate(_ position: Int, _ index: Index) {
    guard position < counted.count else { return lay(strides.count - 1, index.constant) }
    let level = levels[counted[position]]
    let known = values
    func value(_ bound: Index) -> Int {
      bound.substituting { known[$0.id].map { Index($0) } }.constant
    }
    let low = level.lower.indices.map(value).max() ?? 0
    let high = level.upper.indices.map(value).min() ?? 0
    guard low < high else { return }
    for i in low..<high {
      values[level.variable.id] = i
      iterate(position + 1, index.substituting { $0.id == level.variable.id ? Index(i) : nil })
    }
    values[level.variable.id] = nil
  }

  private var values: [Int: Int] = [:]

  private mutating func lay(_ axis: Int, _ start: Int) {
    guard axis >= 0 else { return runs.append(Run(start: start, count: runLength)) }
    for i in 0..<strides[axis].count { lay(axis - 1, start + i * strides[axis].stride) }
  }

  /// Joins neighbours.
  private mutating func join() {
    runs.sort { $0.start < $1.start }
    var joined: [Run] = []
    for run in runs {
      if let last = joined.last, run.start <= last.start + last.count {
        let end = max(last.start + last.count, run.start + run.count)
        joined[joined.count - 1] = Run(start: last.start, count: end - last.start)
      } else {
        joined.append(run)
      }
    }
    runs = joined
  }
}

extension Index {
  /// Whether a value that is computed in the kernel is part of it.
  var hasLocals: Bool {
    terms.contains { term in
      switch term.atom {
      case .loop: false
      case .local: true
      case .quotient(let inner, _), .remainder(let inner, _): inner.hasLocals
      }
    }
  }

  /// The loop counters in it, by their number.
  var variables: [Int] {
    terms.flatMap { term in
      switch term.atom {
      case .loop(let variable): [variable.id]
      case .local: [Int]()
      case .quotient(let inner, _), .remainder(let inner, _): inner.variables
      }
    }
  }
}

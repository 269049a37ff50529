// SPDX-License-Identifier: Apache-2.0

/// The elements that an access touches in all iterations of the loops around it, exactly.
///
/// Counters that appear only as summands of the index, in loops with constant bounds, are joined to runs and strides; the others (cut
/// loops, those that cut them, and what stands in quotients) are counted through one by one.
struct AccessedElements {
  private let levels: [LoopNest.Level]
  /// The depths of the loops that are counted through, and the values of their counters.
  private var counted: [Int] = []
  private var values: [Int: Int] = [:]
  /// The first element as far as it does not depend on counted loops.
  private var base: Index
  private var strides: [(stride: Int, count: Int)] = []
  private var runLength: Int

  /// `lanes` elements from `index` on, or nil if the index depends on data.
  init?(_ index: Index, lanes: Int, in nest: LoopNest) {
    guard !index.hasLocals else { return nil }
    levels = nest.levels
    base = index
    runLength = lanes
    var isCounted: Set<Int> = []
    for term in index.terms {
      switch term.atom {
      case .quotient(let inner, _), .remainder(let inner, _): isCounted.formUnion(inner.variables)
      case .loop, .local: break
      }
    }
    for level in levels where !level.isConstant {
      isCounted.insert(level.variable.id)
      for bound in level.lower.indices + level.upper.indices {
        guard !bound.hasLocals else { return nil }
        isCounted.formUnion(bound.variables)
      }
    }
    var free: [(stride: Int, count: Int)] = []
    for (depth, level) in levels.enumerated() {
      if isCounted.contains(level.variable.id) {
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
    for axis in free.sorted(by: { $0.stride < $1.stride }) { add(axis) }
  }

  /// Adds a counter whose stride is at least that of those before; where its steps leave no gap, it makes the last one longer.
  private mutating func add(_ axis: (stride: Int, count: Int)) {
    if strides.isEmpty, axis.stride <= runLength {
      runLength += axis.stride * (axis.count - 1)
    } else if let last = strides.last, axis.stride % last.stride == 0,
      axis.stride / last.stride <= last.count
    {
      strides[strides.count - 1].count += axis.stride / last.stride * (axis.count - 1)
    } else {
      strides.append(axis)
    }
  }

  /// Enters the elements into a set.
  mutating func insert(into set: inout ElementSet) { iterate(0, &set) }

  /// Runs over the counted loops from a depth on.
  private mutating func iterate(_ position: Int, _ set: inout ElementSet) {
    guard position < counted.count else {
      return lay(strides.count - 1, base.value(at: values), &set)
    }
    let level = levels[counted[position]]
    let low = level.lower.indices.map { $0.value(at: values) }.max() ?? 0
    let high = level.upper.indices.map { $0.value(at: values) }.min() ?? 0
    guard low < high else { return }
    for i in low..<high {
      values[level.variable.id] = i
      iterate(position + 1, &set)
    }
    values[level.variable.id] = nil
  }

  private func lay(_ axis: Int, _ start: Int, _ set: inout ElementSet) {
    guard axis >= 0 else { return set.insert(start..<start + runLength) }
    let (stride, count) = strides[axis]
    if axis == 0, runLength == 1 { return set.insert(from: start, every: stride, count) }
    for i in 0..<count { lay(axis - 1, start + i * stride, &set) }
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

  /// How deep quotients and remainders are nested in it.
  var height: Int {
    terms.reduce(0) { height, term in
      switch term.atom {
      case .loop, .local: height
      case .quotient(let inner, _), .remainder(let inner, _): max(height, inner.height + 1)
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

  /// The value where the counters have these; those that are missing count as 0.
  func value(at counters: [Int: Int]) -> Int {
    terms.reduce(constant) { sum, term in
      let atom: Int
      switch term.atom {
      case .loop(let variable): atom = counters[variable.id] ?? 0
      case .local: atom = 0
      case .quotient(let inner, let divisor): atom = floorQuotient(inner.value(at: counters), divisor)
      case .remainder(let inner, let divisor):
        let value = inner.value(at: counters)
        atom = value - floorQuotient(value, divisor) * divisor
      }
      return sum + term.factor * atom
    }
  }
}

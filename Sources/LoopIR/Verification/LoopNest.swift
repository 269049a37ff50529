// SPDX-License-Identifier: Apache-2.0

/// The loops around a place in a kernel, outermost first, and what their bounds say of indices there.
///
/// A bound of a loop may be an expression of counters outside it (a window that is cut at a border, the last tile). The range of an index
/// is found by putting such bounds in the place of their counter, innermost first, so that what cancels cancels: in
/// `for kx in max(0, 1 - 2·ox) ..< min(3, n + 1 - 2·ox)` the index `2·ox + kx - 1` lies in `0 ..< n`.
struct LoopNest {
  /// A loop that is entered.
  struct Level {
    let variable: LoopVariable
    let lower: Bound
    let upper: Bound
    /// The first and last value; nil if the bounds leave none.
    let range: ClosedRange<Int>?

    /// Whether the bounds are the same in every iteration of the loops outside.
    var isConstant: Bool { lower.constantValue != nil && upper.constantValue != nil }
  }

  private(set) var levels: [Level] = []
  private var depths: [Int: Int] = [:]

  /// Whether the place is never reached.
  var isEmpty: Bool { levels.contains { $0.range == nil } }

  /// Goes into a loop.
  mutating func enter(_ loop: Loop) {
    let low = loop.lower.indices.map { minimum(of: $0) }.max() ?? 0
    let high = loop.upper.indices.map { maximum(of: $0) }.min() ?? 0
    depths[loop.variable.id] = levels.count
    levels.append(
      Level(
        variable: loop.variable, lower: loop.lower, upper: loop.upper,
        range: low < high ? low...high - 1 : nil))
  }

  /// Leaves the innermost loop.
  mutating func leave() {
    if let level = levels.popLast() { depths[level.variable.id] = nil }
  }

  /// Bounds of the values that an index takes: every value lies inside, and the ends are reached unless quotients or locals blur them.
  func range(of index: Index) -> ClosedRange<Int> {
    let low = minimum(of: index)
    return low...max(low, maximum(of: index))
  }

  /// An upper bound of an index.
  func maximum(of index: Index) -> Int {
    guard let (position, depth) = innermostDependent(index) else {
      return index.terms.reduce(index.constant) { sum, term in
        let range = self.range(of: term.atom)
        return sum + (term.factor > 0 ? range.upperBound : range.lowerBound) * term.factor
      }
    }
    let term = index.terms[position]
    let rest = index.without(position)
    switch term.atom {
    case .loop:
      let level = levels[depth]
      let ends =
        term.factor > 0 ? level.upper.indices.map { $0 - 1 } : level.lower.indices
      return ends.map { maximum(of: rest + $0 * term.factor) }.min() ?? .max
    case .quotient(let inner, let divisor):
      let range = self.range(of: term.atom)
      let opaque = maximum(of: rest + (term.factor > 0 ? range.upperBound : range.lowerBound) * term.factor)
      guard term.factor % divisor == 0 else { return opaque }
      // i - divisor + 1 ≤ divisor · ⌊i / divisor⌋ ≤ i
      let factor = term.factor / divisor
      let linear = factor > 0 ? inner : inner - (divisor - 1)
      return min(opaque, maximum(of: rest + linear * factor))
    case .remainder, .local:
      let range = self.range(of: term.atom)
      return maximum(of: rest + (term.factor > 0 ? range.upperBound : range.lowerBound) * term.factor)
    }
  }

  /// A lower bound of an index.
  func minimum(of index: Index) -> Int { -maximum(of: index * -1) }

  /// The values that an atom takes for itself.
  private func range(of atom: Index.Atom) -> ClosedRange<Int> {
    switch atom {
    case .loop(let variable):
      guard let depth = depths[variable.id] else { return variable.range }
      return levels[depth].range ?? variable.range
    case .local(let local): return local.range ?? 0...0
    case .quotient(let inner, let divisor):
      let range = self.range(of: inner)
      return floorQuotient(range.lowerBound, divisor)...floorQuotient(range.upperBound, divisor)
    case .remainder(let inner, let divisor):
      let range = self.range(of: inner)
      let first = floorQuotient(range.lowerBound, divisor)
      guard first == floorQuotient(range.upperBound, divisor) else { return 0...divisor - 1 }
      return range.lowerBound - first * divisor...range.upperBound - first * divisor
    }
  }

  /// The summand that depends on the innermost loop among those whose value depends on counters outside: cut loops, and quotients and
  /// remainders of counters.
  private func innermostDependent(_ index: Index) -> (position: Int, depth: Int)? {
    var found: (position: Int, depth: Int, height: Int)?
    for (position, term) in index.terms.enumerated() {
      let candidate: (position: Int, depth: Int, height: Int)
      switch term.atom {
      case .loop(let variable):
        guard let depth = depths[variable.id], !levels[depth].isConstant else { continue }
        candidate = (position, depth, 0)
      case .local: continue
      case .quotient(let inner, _), .remainder(let inner, _):
        guard let depth = self.depth(of: inner) else { continue }
        candidate = (position, depth, inner.height + 1)
      }
      // A quotient goes before the counters and quotients that it is made of.
      if let known = found, (known.depth, known.height) >= (candidate.depth, candidate.height) {
        continue
      }
      found = candidate
    }
    return found.map { ($0.position, $0.depth) }
  }

  /// The innermost loop whose counter is part of an index.
  private func depth(of index: Index) -> Int? {
    index.terms.compactMap { term in
      switch term.atom {
      case .loop(let variable): depths[variable.id]
      case .local: nil
      case .quotient(let inner, _), .remainder(let inner, _): depth(of: inner)
      }
    }.max()
  }
}

/// ⌊value / divisor⌋ for a positive divisor.
func floorQuotient(_ value: Int, _ divisor: Int) -> Int {
  let (quotient, rest) = value.quotientAndRemainder(dividingBy: divisor)
  return rest < 0 ? quotient - 1 : quotient
}

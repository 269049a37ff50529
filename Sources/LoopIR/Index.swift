// SPDX-License-Identifier: Apache-2.0

/// The counter of a loop. Equal by number, which is unique inside a kernel.
public struct LoopVariable: Hashable, Sendable {
  /// The number of the variable inside its kernel, in the order of making.
  public let id: Int
  /// What it counts, for reading: `oy`, `c`.
  public let name: String
  /// All values that it can take.
  public let range: ClosedRange<Int>

  /// A counter; `range` must cover all values that its loop gives it.
  public init(id: Int, name: String, range: ClosedRange<Int>) {
    self.id = id
    self.name = name
    self.range = range
  }
}

/// A quasi-affine integer expression: Σ factor · atom + constant, where an atom is a loop counter, an
/// integer local, or a quotient or remainder of such an expression by a positive constant. Kept in a
/// canonical form, so that equal sums are equal values.
public struct Index: Hashable, Sendable {
  /// What is multiplied by a factor.
  public indirect enum Atom: Hashable, Sendable {
    /// A loop counter.
    case loop(LoopVariable)
    /// An integer computed in the kernel, with a known range.
    case local(Local)
    /// ⌊index / divisor⌋ of an index that is never negative.
    case quotient(Index, Int)
    /// index mod divisor of an index that is never negative.
    case remainder(Index, Int)
  }

  /// One summand.
  public struct Term: Hashable, Sendable {
    public let atom: Atom
    public let factor: Int
  }

  /// The summands, in canonical order, without zero factors or repeated atoms.
  public private(set) var terms: [Term]
  /// The summand without an atom.
  public private(set) var constant: Int

  /// A constant.
  public init(_ constant: Int) {
    terms = []
    self.constant = constant
  }

  /// A loop counter.
  public init(_ variable: LoopVariable) {
    self.init(atom: .loop(variable))
  }

  /// An integer local, which must have a range.
  public init(_ local: Local) {
    precondition(local.range != nil, "a local in an index has a range")
    self.init(atom: .local(local))
  }

  private init(atom: Atom) {
    terms = [Term(atom: atom, factor: 1)]
    constant = 0
  }

  private init(terms: [Term], constant: Int) {
    self.terms = terms
    self.constant = constant
  }

  /// The value, if there are no terms.
  public var constantValue: Int? { terms.isEmpty ? constant : nil }

  /// The smallest and the largest value that the ranges of the atoms allow.
  public var range: ClosedRange<Int> {
    var low = constant
    var high = constant
    for term in terms {
      let atom = term.atom.range
      let a = atom.lowerBound * term.factor
      let b = atom.upperBound * term.factor
      low += min(a, b)
      high += max(a, b)
    }
    return low...high
  }

  public static func + (a: Index, b: Index) -> Index {
    var sum: [Term] = []
    var i = 0
    var j = 0
    while i < a.terms.count || j < b.terms.count {
      if j == b.terms.count || i < a.terms.count && a.terms[i].atom < b.terms[j].atom {
        sum.append(a.terms[i])
        i += 1
      } else if i == a.terms.count || b.terms[j].atom < a.terms[i].atom {
        sum.append(b.terms[j])
        j += 1
      } else {
        let factor = a.terms[i].factor + b.terms[j].factor
        if factor != 0 { sum.append(Term(atom: a.terms[i].atom, factor: factor)) }
        i += 1
        j += 1
      }
    }
    return Index(terms: sum, constant: a.constant + b.constant).rejoined()
  }

  public static func * (a: Index, factor: Int) -> Index {
    guard factor != 0 else { return Index(0) }
    return Index(
      terms: a.terms.map { Term(atom: $0.atom, factor: $0.factor * factor) },
      constant: a.constant * factor)
  }

  public static func - (a: Index, b: Index) -> Index { a + b * -1 }
  public static func + (a: Index, b: Int) -> Index { a + Index(b) }
  public static func - (a: Index, b: Int) -> Index { a + Index(-b) }
  public static func * (factor: Int, a: Index) -> Index { a * factor }

  /// ⌊self / divisor⌋; the parts that divide evenly are taken out, and what is smaller than the divisor
  /// vanishes. The index must not be negative.
  public func quotient(by divisor: Int) -> Index {
    if divisor == 1 { return self }
    let (whole, rest) = split(by: divisor)
    let range = rest.range
    if range.lowerBound >= 0, range.upperBound < divisor { return whole }
    return whole + Index(atom: .quotient(rest, divisor))
  }

  /// self mod divisor, simplified in the same way. The index must not be negative.
  public func remainder(by divisor: Int) -> Index {
    if divisor == 1 { return Index(0) }
    let (_, rest) = split(by: divisor)
    let range = rest.range
    if range.lowerBound >= 0, range.upperBound < divisor { return rest }
    return Index(atom: .remainder(rest, divisor))
  }

  /// The index without one of its terms.
  func without(_ position: Int) -> Index {
    var copy = self
    copy.terms.remove(at: position)
    return copy
  }

  /// The terms and the part of the constant that `divisor` divides, already divided, and the rest, whose constant lies in 0..<divisor.
  func divided(by divisor: Int) -> (whole: Index, rest: Index) {
    let quotient = floorQuotient(constant, divisor)
    let isWhole = { (term: Term) in term.factor % divisor == 0 }
    return (
      Index(
        terms: terms.filter(isWhole).map { Term(atom: $0.atom, factor: $0.factor / divisor) },
        constant: quotient),
      Index(terms: terms.filter { !isWhole($0) }, constant: constant - quotient * divisor)
    )
  }

  /// The index with each loop counter replaced.
  public func substituting(_ replacement: (LoopVariable) -> Index?) -> Index {
    var result = Index(constant)
    for term in terms {
      let atom: Index =
        switch term.atom {
        case .loop(let variable): replacement(variable) ?? Index(variable)
        case .local: Index(atom: term.atom)
        case .quotient(let index, let divisor):
          index.substituting(replacement).quotient(by: divisor)
        case .remainder(let index, let divisor):
          index.substituting(replacement).remainder(by: divisor)
        }
      result = result + atom * term.factor
    }
    return result
  }

  /// The part that `divisor` divides, already divided, and the rest, whose constant is not negative.
  private func split(by divisor: Int) -> (whole: Index, rest: Index) {
    var whole: [Term] = []
    var rest: [Term] = []
    for term in terms {
      if term.factor % divisor == 0 {
        whole.append(Term(atom: term.atom, factor: term.factor / divisor))
      } else {
        rest.append(term)
      }
    }
    var remainder = constant % divisor
    if remainder < 0 { remainder += divisor }
    var candidate = Index(terms: rest, constant: remainder)
    var quotient = (constant - remainder) / divisor
    // A rest that can be negative (as in x·k − 1 + …) borrows from the whole part.
    let low = candidate.range.lowerBound
    if low < 0 {
      let borrowed = (-low + divisor - 1) / divisor
      candidate.constant += borrowed * divisor
      quotient -= borrowed
    }
    return (Index(terms: whole, constant: quotient), candidate)
  }

  /// Puts divisor · ⌊i / divisor⌋ + i mod divisor together to i again.
  private func rejoined() -> Index {
    for (position, term) in terms.enumerated() {
      guard case .remainder(let index, let divisor) = term.atom else { continue }
      let (scaled, overflow) = term.factor.multipliedReportingOverflow(by: divisor)
      guard !overflow,
        let other = terms.firstIndex(where: {
          $0.atom == .quotient(index, divisor) && $0.factor == scaled
        })
      else { continue }
      var left = terms
      for i in [position, other].sorted(by: >) { left.remove(at: i) }
      return Index(terms: left, constant: constant) + index * term.factor
    }
    return self
  }
}

extension Index.Atom: Comparable {
  /// All values that the atom can take.
  public var range: ClosedRange<Int> {
    switch self {
    case .loop(let variable): return variable.range
    case .local(let local): return local.range ?? 0...0
    case .quotient(let index, let divisor):
      let range = index.range
      return range.lowerBound / divisor...range.upperBound / divisor
    case .remainder(let index, let divisor):
      return 0...min(divisor - 1, max(index.range.upperBound, 0))
    }
  }

  /// A total order without meaning beyond being the same on every run.
  public static func < (a: Self, b: Self) -> Bool {
    switch (a, b) {
    case (.loop(let x), .loop(let y)): x.id < y.id
    case (.local(let x), .local(let y)): x.id < y.id
    case (.quotient(let x, let k), .quotient(let y, let l)),
      (.remainder(let x, let k), .remainder(let y, let l)):
      k != l ? k < l : x.precedes(y)
    default: a.rank < b.rank
    }
  }

  private var rank: Int {
    switch self {
    case .loop: 0
    case .local: 1
    case .quotient: 2
    case .remainder: 3
    }
  }
}

extension Index {
  fileprivate func precedes(_ other: Index) -> Bool {
    for (x, y) in zip(terms, other.terms) {
      if x.atom != y.atom { return x.atom < y.atom }
      if x.factor != y.factor { return x.factor < y.factor }
    }
    return terms.count != other.terms.count
      ? terms.count < other.terms.count : constant < other.constant
  }
}

extension Index: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int) { self.init(value) }
}

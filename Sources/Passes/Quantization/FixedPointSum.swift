// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// Σ (xᵢ − offsetᵢ) · factorᵢ + constant of integers xᵢ, computed in integers with so many binary
/// places behind the point that nothing can leave 32 bits (or 48, in sums of 64, where 32 give too few
/// places). The only rounding of a run is that of the result; the factors are rounded when the program
/// is made, which moves the sum by at most 1/64.
struct FixedPointSum {
  /// Integers that are scaled and added.
  struct Term {
    let value: ValueID
    /// The integers that can occur.
    let range: ClosedRange<Int>
    /// One of each, or as many as the shape has elements.
    let offsets: [Int]
    let factors: [Double]
    let shape: Shape

    /// Integers less their zero point, times factors.
    init(_ integers: ScaledIntegers, factors: KnownNumbers, _ rw: borrowing Rewriter) {
      self.init(
        integers.value, integers.range(rw), offsets: integers.zeroPoints, factors: factors.values,
        factors.shape)
    }

    /// Integers less an offset each, times a factor each.
    init(
      _ value: ValueID, _ range: ClosedRange<Int>, offsets: [Int], factors: [Double],
      _ shape: Shape
    ) {
      self.value = value
      self.range = range
      self.offsets = offsets
      self.factors = factors
      self.shape = shape
    }

    /// What |x| + |offset| can be at a position of the shape.
    func size(_ position: Int) -> Double {
      let offset = offsets[offsets.count == 1 ? 0 : position]
      return Double(max(abs(range.lowerBound), abs(range.upperBound)) + abs(offset))
    }
  }

  /// The error that rounded factors may make, in units of the sum.
  static let tolerance = 1.0 / 64
  private let terms: [Term]
  private let constant: KnownNumbers?
  /// The binary places behind the point.
  private let places: Int
  private let element: ElementType

  /// Chooses the places and the type of the sums.
  ///
  /// - Throws: `Declined` if even 48 bits give too few places.
  init(_ terms: [Term], constant: KnownNumbers? = nil) throws(Declined) {
    self.terms = terms
    self.constant = constant
    func chosen(_ limit: Double) -> Int? {
      let whole = Self.bound(terms, constant, places: nil)
      guard whole.isFinite else { return nil }
      var places = whole == 0 ? 0 : min(Int((limit / whole).exponent), 100)
      while places >= -100, Self.bound(terms, constant, places: places) >= limit { places -= 1 }
      guard places >= -100 else { return nil }
      let error = terms.reduce(1) { sum, term in
        sum + term.factors.indices.reduce(0) { max($0, term.size($1)) }
      } * Self.power(-places - 1)
      return error <= Self.tolerance ? places : nil
    }
    if let places = chosen(0x1p31 - 1) {
      (self.places, element) = (places, .i32)
    } else if let places = chosen(0x1p47) {
      (self.places, element) = (places, .i64)
    } else {
      throw Declined("the steps of the operands and the result are too far apart")
    }
  }

  /// Declines unless the sum has a shape, which it may have from constants alone that are one number.
  func require(_ shape: Shape, _ rw: borrowing Rewriter) throws(Declined) {
    let shapes = terms.flatMap { [rw.graph.type(of: $0.value).shape, $0.shape] }
      + (constant.map { [$0.shape] } ?? [])
    let own = shapes.reduce(Optional(Shape.scalar)) { all, next in
      all.flatMap { Shape.broadcast($0, next) }
    }
    try rw.require(own == shape, "a constant makes the result wider")
  }

  /// The unit of the integers that `make` gives.
  var scale: Double { Self.power(-places) }

  /// Adds the ops of the sum; `values` stand for those of the terms if they are given.
  func make(
    _ location: Location, _ rw: inout Rewriter, in values: [ValueID]? = nil
  ) throws(Declined) -> ValueID {
    var sum: ValueID?
    var shift = try constant.map { (known) throws(Declined) in
      try known.map { ($0 * Self.power(places)).rounded() }
    } ?? KnownNumbers(0)
    for (position, term) in terms.enumerated() {
      var value = values?[position] ?? term.value
      if rw.graph.type(of: value).element != element {
        value = try rw.make(Cast(to: element), [value], location: location)
      }
      let factors = term.factors.map { ($0 * Self.power(places)).rounded() }
      if let folded = try folded(shift, term, factors) {
        shift = folded
      } else if term.offsets.contains(where: { $0 != 0 }) {
        let shape = term.offsets.count == 1 ? .scalar : term.shape
        let offsets = integers(shape, term.offsets.map { Double($0) }, &rw)
        value = try rw.make(Binary(.sub), [value, offsets], location: location)
      }
      if factors != [1] {
        let shape = factors.count == 1 ? .scalar : term.shape
        value = try rw.make(
          Binary(.mul), [value, integers(shape, factors, &rw)], location: location)
      }
      if let old = sum {
        sum = try rw.make(Binary(.add), [old, value], location: location)
      } else {
        sum = value
      }
    }
    guard let sum else { throw Declined("there is nothing to add") }
    if shift.values == [0] { return sum }
    let shifts = integers(shift.shape, shift.values, &rw)
    return try rw.make(Binary(.add), [sum, shifts], location: location)
  }

  /// What is added in the end if it takes in what the offset of a term contributes; nil if that would
  /// be more numbers than there are factors or numbers added.
  private func folded(
    _ shift: KnownNumbers, _ term: Term, _ factors: [Double]
  ) throws(Declined) -> KnownNumbers? {
    guard term.offsets.count == 1 else { return nil }
    let known = try KnownNumbers(term.shape, factors)
    let sum = try shift.combined(known) { $0 - Double(term.offsets[0]) * $1 }
    return sum.values.count <= max(shift.values.count, factors.count) ? sum : nil
  }

  private func integers(_ shape: Shape, _ values: [Double], _ rw: inout Rewriter) -> ValueID {
    rw.addConstant(Tensor(TensorType(element, shape), rounding: values))
  }

  /// What no sum, and no part of one, is beyond; with factors as they are if no places are given.
  private static func bound(_ terms: [Term], _ constant: KnownNumbers?, places: Int?) -> Double {
    func fixed(_ x: Double) -> Double {
      places.map { (abs(x) * power($0)).rounded() } ?? abs(x)
    }
    return terms.reduce(constant?.values.reduce(0) { max($0, fixed($1)) } ?? 0) { sum, term in
      sum + term.factors.enumerated().reduce(0) { max($0, term.size($1.offset) * fixed($1.element)) }
    }
  }

  private static func power(_ exponent: Int) -> Double {
    Double(sign: .plus, exponent: exponent, significand: 1)
  }
}

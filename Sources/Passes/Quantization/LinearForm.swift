// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// Σ xᵢ · factorᵢ + constant of dequantized integers xᵢ: what additions, subtractions, products with
/// and quotients by constants, and batch normalisations make of them, as long as only the next of
/// these ops reads each.
struct LinearForm {
  /// Integers of at most 16 bits on one grid, and what their numbers are multiplied by.
  struct Term {
    let integers: ScaledIntegers
    let factors: KnownNumbers
  }

  /// The most ops that are looked at, and so the most operands.
  private static let most = 16
  private(set) var terms: [Term] = []
  private(set) var constant = KnownNumbers(0)
  /// Where the ops come from.
  private(set) var location = Location()

  /// The form of a value.
  ///
  /// - Throws: `Declined` if something else is computed on the way to integers.
  init(_ value: ValueID, _ rw: borrowing Rewriter) throws(Declined) {
    var open = [(value: value, factors: KnownNumbers(1))]
    var ops = 0
    while let (next, factors) = open.popLast() {
      if let numbers = try KnownNumbers(of: next, rw) {
        try add(try numbers.combined(factors, *))
        continue
      }
      if let integers = try? ScaledIntegers(behind: next, rw) {
        try integers.requireOneScale("an operand", rw)
        try rw.require(integers.element.bitCount <= 16, "the integers are too wide")
        terms.append(Term(integers: integers, factors: factors))
        continue
      }
      ops += 1
      try rw.require(ops <= Self.most, "more than \(Self.most) ops are between")
      if next != value { try rw.requireSingleUse(next) }
      try enter(next, factors, rw, &open)
    }
    try rw.require(!terms.isEmpty, "nothing but constants is read")
  }

  /// Goes on to the operands of the op that makes a value.
  private mutating func enter(
    _ value: ValueID, _ factors: KnownNumbers, _ rw: borrowing Rewriter,
    _ open: inout [(value: ValueID, factors: KnownNumbers)]
  ) throws(Declined) {
    guard let op = rw.graph.producer(of: value) else { throw Declined("no op makes an operand") }
    location = rw.graph.location(of: op).joined(with: location)
    let operands = rw.graph.operands(of: op)
    guard let first = operands.first ?? nil else { throw Declined("an operand is absent") }
    switch rw.graph.definition(of: op) {
    case let unary as Unary where unary.function == .negate:
      open.append((first, try factors.map { -$0 }))
    case let binary as Binary:
      guard operands.count > 1, let second = operands[1] else {
        throw Declined("an operand is absent")
      }
      switch binary.function {
      case .add, .sub:
        let sign: Double = binary.function == .sub ? -1 : 1
        open.append((second, try factors.map { sign * $0 }))
        open.append((first, factors))
      case .mul:
        if let numbers = try KnownNumbers(of: second, rw) {
          open.append((first, try factors.combined(numbers, *)))
        } else if let numbers = try KnownNumbers(of: first, rw) {
          open.append((second, try factors.combined(numbers, *)))
        } else {
          throw Declined("a product of two operands is more than integers behind one dequantize")
        }
      case .div:
        guard let numbers = try KnownNumbers(of: second, rw) else {
          throw Declined("the divisor is not constant")
        }
        open.append((first, try factors.combined(try numbers.map { 1 / $0 }, *)))
      default: throw Declined("\(binary.function.rawValue) is no sum or product")
      }
    case is BatchNorm:
      guard let norm = rw.graph.op(op, as: BatchNorm.self) else { return }
      let (scale, shift) = try Self.numbers(norm, rw)
      try add(try shift.combined(factors, *))
      open.append((first, try factors.combined(scale, *)))
    case let other:
      throw Declined("an operand is made by \(type(of: other).name), and not dequantized")
    }
  }

  private mutating func add(_ numbers: KnownNumbers) throws(Declined) {
    constant = try constant.combined(numbers, +)
  }

  /// What each channel is multiplied by in a normalisation, and what is added to it, in the shape in
  /// which they are broadcast to its input.
  private static func numbers(
    _ norm: OpRef<BatchNorm>, _ rw: borrowing Rewriter
  ) throws(Declined) -> (scale: KnownNumbers, shift: KnownNumbers) {
    func parameter(_ operand: BatchNorm.Operand) throws(Declined) -> KnownNumbers {
      guard let known = try KnownNumbers(of: try rw.operand(norm, operand), rw) else {
        throw Declined("\(operand) is computed")
      }
      return known
    }
    let epsilon = Double(norm.epsilon)
    let deviation = try parameter(.variance).map { ($0 + epsilon).squareRoot() }
    let scale = try parameter(.scale).combined(deviation, /)
    let shift = try parameter(.shift).combined(try parameter(.mean).combined(scale, *), -)
    let rank = rw.graph.type(of: rw.graph.result(norm)).shape.rank
    func alongChannels(_ numbers: KnownNumbers) throws(Declined) -> KnownNumbers {
      let ones = [Int](repeating: 1, count: rank - 2)
      guard numbers.values.count > 1, let shape = Shape([numbers.values.count] + ones) else {
        return numbers
      }
      return try KnownNumbers(shape, numbers.values)
    }
    return (try alongChannels(scale), try alongChannels(shift))
  }
}

// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors
import Testing

@Suite struct SimplifierTests {
  static let f32 = ValueType(.f32)
  static let i32 = ValueType(.i32)

  /// The kernel that stores an expression of `x[i]`, simplified.
  private func simplified(
    _ element: ElementType, _ make: (Expression) -> Expression
  ) -> Expression? {
    var k = KernelBuilder("k")
    let x = k.parameter("x", element)
    let y = k.parameter("y", element, isWritten: true)
    k.store(y, 0, make(k.load(x, 0)))
    guard case .store(_, let value) = k.finish().simplified().body.first else { return nil }
    return value
  }

  private var x: Expression {
    .load(Access(parameter: 0, element: .f32, index: 0), lanes: 1)
  }

  @Test func floatsKeepTheirBits() {
    #expect(simplified(.f32) { $0 * .float(1, Self.f32) } == x)
    #expect(simplified(.f32) { $0 - .float(0, Self.f32) } == x)
    // −0 + 0 is +0, so this is no identity.
    #expect(simplified(.f32) { $0 + .float(0, Self.f32) } != x)
    #expect(simplified(.f32) { $0 * .float(0, Self.f32) } != .float(0, Self.f32))
  }

  /// A not-a-number in a kernel differs from itself, which must not keep the simplifier going.
  @Test(.timeLimit(.minutes(1))) func notANumberIsLeft() {
    let nan = Expression.float(.nan, Self.f32)
    let value = simplified(.f32) { .binary(.maximum, $0, nan) }
    guard case .binary(.maximum, x, .float(let number, _))? = value else {
      Issue.record("it became \(String(describing: value))")
      return
    }
    #expect(number.isNaN)
  }

  @Test func integersAreComputedAndWrapped() {
    let one = Expression.integer(1, Self.i32)
    #expect(
      simplified(.i32) { _ in .integer(0x7FFF_FFFF, Self.i32) + one }
        == .integer(-0x8000_0000, Self.i32))
    #expect(
      simplified(.i32) { _ in .binary(.divide, .integer(-7, Self.i32), .integer(2, Self.i32)) }
        == .integer(-3, Self.i32))
  }

  @Test func controlFlowThatDoesNothingGoes() {
    var k = KernelBuilder("k")
    let x = k.parameter("x", .f32)
    let y = k.parameter("y", .f32, isWritten: true)
    k.loop("i", 0..<4) { k, i in
      let dead = k.bind("dead", k.load(x, i))
      _ = k.bind("deader", dead * dead)
      let sum = k.registers("sum", initial: .float(0, Self.f32))
      k.set(sum, k.load(x, i))
    }
    k.branch(.integer(1, ValueType(.bool))) { k in
      k.store(y, 1, k.load(x, 2))
    } else: { k in
      k.store(y, 0, k.load(x, 0))
    }
    let body = k.finish().simplified().body
    #expect(body == [.store(Access(parameter: 1, element: .f32, index: 1), load(2))])
  }

  private func load(_ i: Int) -> Expression {
    .load(Access(parameter: 0, element: .f32, index: Index(i)), lanes: 1)
  }
}

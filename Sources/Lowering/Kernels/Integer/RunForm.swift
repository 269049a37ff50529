// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Targets
import Tensors

/// How a target sums the products of numbers that lie side by side to a single number.
enum RunForm: Hashable {
  /// 16 bytes at a time (VMLADAVA of Helium).
  case bytes
  /// Four numbers of 16 bits at a time by a word of bytes (SXTB16, SMLAD).
  case halves

  /// The form for inputs of a type; nil where there is none.
  init?(_ element: ElementType, on target: Target) {
    if element == .i16 {
      guard DotForm(element, on: target) == .words else { return nil }
      self = .halves
    } else {
      guard target.features.contains(.mve), target.lanes(8, of: .integer) == 16,
        element == .i8 || element == .u8
      else { return nil }
      self = .bytes
    }
  }

  /// Numbers in a step.
  var lanes: Int { self == .bytes ? 16 : 4 }

  /// What is added to each number of an input before it is multiplied.
  func relabeling(of element: ElementType) -> Int64 { element == .u8 ? -128 : 0 }

  /// Where a weight of a step is stored: SXTB16 takes the first and third byte, then the others.
  func position(of number: Int) -> Int { self == .bytes ? number : number % 2 * 2 + number / 2 }

  /// The factors that the inputs from a place on are in a step.
  func inputs(
    _ x: KernelBuilder.BufferParameter, _ place: Index, _ k: inout KernelBuilder
  ) -> [Expression] {
    switch self {
    case .bytes:
      let numbers = k.load(x, place, lanes: lanes)
      guard numbers.type.element == .u8 else { return [k.bind("x", numbers)] }
      // Less 128, as the highest bit turned over.
      let flipped = Expression.binary(.xor, numbers, .integer(128, numbers.type))
      return [k.bind("x", .reinterpret(flipped, to: .i8))]
    case .halves:
      return [0, 2].map { k.bind("x", k.load(x, place + $0, lanes: 2)) }
    }
  }

  /// The factors that packed weights are in a step.
  func weights(
    _ w: TensorParameter, _ place: [Index], _ k: inout KernelBuilder
  ) -> [Expression] {
    let numbers = k.bind("w", k.load(w, place, lanes: lanes))
    guard self == .halves else { return [numbers] }
    let zero = Expression.integer(0, ValueType(.i16, lanes: 2))
    return [Primitive.addEven, .addOdd].map { k.bind("w", .primitive($0, [numbers, zero])) }
  }

  /// A sum with a product of factors.
  func sum(_ sum: Expression, _ factor: Expression, _ weights: Expression) -> Expression {
    .primitive(self == .bytes ? .dotAcross : .dot2, [factor, weights, sum])
  }
}

// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Targets
import Tensors

/// How a target sums products of bytes best.
enum DotForm: Hashable {
  /// Four products u8 · s8 are added to each 32-bit lane (VNNI).
  case unsignedQuads
  /// Four products s8 · s8 are added to each lane (SDOT, or widening products of NEON).
  case signedQuads
  /// Bytes are widened to 16 bits and two products are added to each lane (SSE, AVX2).
  case pairs
  /// Numbers of 16 bits, two products are added to each lane (SSE, AVX2, widening products of NEON).
  case halves
  /// Pairs of 16 bits from words of bytes or of 16 bits, and plain sums (SMLAD).
  case words

  /// The form for inputs of a type on a target; nil where they are multiplied one by one.
  init?(_ element: ElementType = .i8, on target: Target) {
    let features = target.features
    let lanes = target.lanes(32, of: .integer)
    guard [.i8, .u8, .i16].contains(element) else { return nil }
    let isVector = features.contains(.sse42) && lanes > 1
      || features.contains(.neon) && target.pointerBits == 64 && lanes == 4
    if element == .i16, isVector {
      self = .halves
      return
    }
    if features.contains(.avx512VNNI) && lanes > 1 || features.contains(.avxVNNI) && lanes == 8 {
      self = .unsignedQuads
    } else if features.contains(.neon), target.pointerBits == 64, lanes == 4 {
      self = .signedQuads
    } else if features.contains(.sse42), lanes > 1 {
      self = .pairs
    } else if features.contains(.dsp), !features.contains(.neon), target.allowsUnaligned {
      self = .words
    } else {
      return nil
    }
  }

  /// The sums in a vector.
  func lanes(on target: Target) -> Int {
    self == .words ? 1 : target.lanes(32, of: .integer)
  }

  /// What is added to each number of an input before it is multiplied, so that it has the sign that the products want.
  func relabeling(of element: ElementType) -> Int64 {
    switch self {
    case .unsignedQuads: element == .i8 ? 128 : 0
    case .signedQuads: element == .u8 ? -128 : 0
    case .pairs, .halves, .words: 0
    }
  }

  /// The steps in which four channels are summed.
  var stepCount: Int {
    switch self {
    case .unsignedQuads, .signedQuads: 1
    case .pairs, .halves, .words: 2
    }
  }

  /// Which of four inputs a step takes as a pair's first or second number.
  func input(step: Int, of pair: Int) -> Int { self == .halves ? 2 * step + pair : step + 2 * pair }

  /// The factor that four numbers of an input are in a step, in all lanes.
  func factor(
    _ input: TensorParameter, at place: [Index], step: Int, lanes: Int, _ k: KernelBuilder
  ) -> Expression {
    if self == .halves {
      return k.load(input.buffer, input.at(place) + 2 * step, lanes: 2).splat(2 * lanes)
    }
    let spread = k.load(input, place, lanes: 4).splat(4 * lanes)
    let element = spread.type.element
    switch self {
    case .unsignedQuads, .signedQuads:
      let offset = relabeling(of: element)
      guard offset != 0 else { return spread }
      // Adding 128 turns the highest bit over.
      let bit = Expression.integer(element == .i8 ? -128 : 128, spread.type)
      let flipped = Expression.binary(.xor, spread, bit)
      return .reinterpret(flipped, to: element == .i8 ? .u8 : .i8)
    case .pairs, .halves, .words:
      return .primitive(
        step == 0 ? .addEven : .addOdd,
        [spread, .integer(0, ValueType(.i16, lanes: 2 * lanes))])
    }
  }

  /// A sum with the products of a step.
  func sum(_ sum: Expression, _ factor: Expression, _ weights: Expression) -> Expression {
    .primitive(stepCount == 1 ? .dot4 : .dot2, [factor, weights, sum])
  }
}

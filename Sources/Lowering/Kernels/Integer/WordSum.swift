// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors

/// Sums of products along runs of bytes, four at a time: words of a few inputs and of a few weights are widened to pairs of 16 bits,
/// the inputs losing their zero point by the same instruction (SXTAB16), and multiplied in pairs (SMLAD).
struct WordSum {
  let x: TensorParameter
  let w: TensorParameter
  let inputZero: Int64

  /// Adds Σ (x[xᵢ + r] − zero) · w[wⱼ + r] over r in 0..<count to each sum [i, j].
  func add(
    to sums: RegisterArray, inputs: [Index], weights: [Index], count: Int,
    _ k: inout KernelBuilder
  ) {
    let words = count / 4
    let turn = Self.turn(of: words)
    k.loop("r", 0..<words / turn) { k, i in
      for part in 0..<turn { word(sums, inputs, weights, at: i * (4 * turn) + 4 * part, &k) }
    }
    for part in words / turn * turn..<words { word(sums, inputs, weights, at: Index(4 * part), &k) }
    for r in 4 * words..<count { number(sums, inputs, weights, at: Index(r), &k) }
  }

  /// How many words a turn of the loop takes: what divides them, if that is not few.
  private static func turn(of words: Int) -> Int {
    guard words > 4 else { return max(words, 1) }
    return [4, 3].first { words % $0 == 0 } ?? 4
  }

  private func word(
    _ sums: RegisterArray, _ inputs: [Index], _ weights: [Index], at r: Index,
    _ k: inout KernelBuilder
  ) {
    let pair = ValueType(.i16, lanes: 2)
    let less = Expression.integer(-inputZero, pair)
    let zero = Expression.integer(0, pair)
    func halves(_ name: String, _ four: Expression, _ c: Expression) -> [Expression] {
      let word = k.bind(name, four)
      return [Primitive.addEven, .addOdd].map { k.bind(name, .primitive($0, [word, c])) }
    }
    let factors = inputs.map { halves("x", k.load(x.buffer, $0 + r, lanes: 4), less) }
    for (j, weight) in weights.enumerated() {
      let others = halves("w", k.load(w.buffer, weight + r, lanes: 4), zero)
      for half in 0..<2 {
        for (i, factor) in factors.enumerated() {
          let place = [Index(i), Index(j)]
          k.set(
            sums, place,
            .primitive(.dot2, [factor[half], others[half], .register(sums, place)]))
        }
      }
    }
  }

  private func number(
    _ sums: RegisterArray, _ inputs: [Index], _ weights: [Index], at r: Index,
    _ k: inout KernelBuilder
  ) {
    let less = ZeroPoint.literal(inputZero)
    let factors = inputs.map { index in
      let number = k.load(x.buffer, index + r).converted(to: .i32)
      return k.bind("x", less.subtracted(from: number, at: 0, k))
    }
    for (j, weight) in weights.enumerated() {
      let other = k.bind("w", k.load(w.buffer, weight + r).converted(to: .i32))
      for (i, factor) in factors.enumerated() {
        let place = [Index(i), Index(j)]
        k.set(sums, place, .register(sums, place) + factor * other)
      }
    }
  }
}

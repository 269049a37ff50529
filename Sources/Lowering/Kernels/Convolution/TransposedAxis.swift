// SPDX-License-Identifier: Apache-2.0
import LoopIR

/// One spatial axis of a transposed convolution, seen from the output: which taps reach an output position, and from where.
///
/// With p the output position plus what is cut before it, a tap k reaches it from input i where i·stride + k·dilation = p. With g the
/// greatest common divisor of stride and dilation there are such taps only if g divides p; they are k₀ + j·stride/g for j = 0, 1, …
/// with the smallest k₀ ≥ 0 that satisfies k₀·dilation ≡ p (mod stride), and read the inputs i₀ − j·dilation/g.
struct TransposedAxis {
  let input: Int
  let output: Int
  let kernel: Int
  let stride: Int
  let dilation: Int
  /// Output positions cut before the first; may be negative.
  let before: Int

  private var divisor: Int { Self.greatestCommonDivisor(stride, dilation) }
  /// Distances between neighbouring taps that reach a position, and between the inputs that they read.
  private var tapStep: Int { stride / divisor }
  private var inputStep: Int { dilation / divisor }

  /// The taps that reach one output position.
  struct Taps {
    /// How many taps, counted by j, have an input: a loop's bounds.
    let from: Bound
    let to: Bound
    /// At least as large as all j.
    let limit: Int
    fileprivate let firstTap: Index
    fileprivate let firstInput: Index
    fileprivate let tapStep: Int
    fileprivate let inputStep: Int

    /// The tap and the input position of the j-th one.
    func at(_ j: Index) -> (tap: Index, input: Index) {
      (firstTap + j * tapStep, firstInput - j * inputStep)
    }
  }

  /// The taps that reach an output position.
  func taps(at output: Index) -> Taps {
    // Whole strides are added, so that the position is never negative.
    let shift = max(0, (-before + stride - 1) / stride)
    let position = output + (before + shift * stride)
    // k₀ = (p/g · (dilation/g)⁻¹) mod stride/g
    let inverse = Self.inverse(inputStep, modulo: tapStep)
    let firstTap = (position.quotient(by: divisor) * inverse).remainder(by: tapStep)
    let firstInput = (position - firstTap * dilation).quotient(by: stride) - shift
    let limit = (kernel - 1) / tapStep + 1
    var ends = [
      (Index(kernel - 1) - firstTap).quotient(by: tapStep) + 1,
      firstInput.quotient(by: inputStep) + 1,
    ]
    // No tap reaches positions that the common divisor does not divide.
    if divisor > 1 { ends.append(Index(limit) - position.remainder(by: divisor) * limit) }
    let start = (firstInput - (input - inputStep)).quotient(by: inputStep)
    return Taps(
      from: .largest([Index(0), start]), to: .smallest(ends), limit: limit, firstTap: firstTap,
      firstInput: firstInput, tapStep: tapStep, inputStep: inputStep)
  }

  private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }

  /// The inverse of a number modulo another without a common divisor, by Euclid's extended algorithm.
  private static func inverse(_ number: Int, modulo modulus: Int) -> Int {
    if modulus == 1 { return 1 }
    var (r, next) = (modulus, number % modulus)
    var (t, following) = (0, 1)
    while next != 0 {
      let quotient = r / next
      (r, next) = (next, r - quotient * next)
      (t, following) = (following, t - quotient * following)
    }
    return t < 0 ? t + modulus : t
  }
}

// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Rewriting
import Tensors

/// Rounds weights that `quantize{rounding=later}` left open so that errors cancel in sums (Guo et
/// al. 2022, "SQuant: On-the-Fly Data-Free Quantization via Diagonal Hessian Approximation").
///
/// Neighbouring inputs are alike, so that what counts of the errors of a kernel is above all their
/// sum, and then the sum over an output. Elements are rounded to nearest (SQuant-E); then as few as
/// possible of each kernel the other way, until their errors add up to at most half a step (-K);
/// then one element of as few kernels as possible, until those of the output do (-C).
public struct RoundSquant: Pass {
  public static let name = "round-squant"
  public static let summary = "rounds weights so that errors cancel in kernels and outputs (SQuant)"
  public static let effect = NumericEffect.lossy
  public static let options: [Field<Self>] = [
    Field("optional", \.optional, "without a weight to round the graph is left as it is")
  ]
  public var optional = false

  public init() {}

  public func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    for weight in try graph.openWeights(atLeastOne: !optional) {
      let rows = weight.quotients().map { quotients in
        var row = SquantRow(quotients, weight.limits, kernel: weight.kernelSize)
        row.round()
        return row.integers
      }
      graph.close(weight, with: weight.tensor(rows))
    }
  }
}

/// The weights of one output under SQuant.
struct SquantRow {
  private(set) var integers: [Int]
  /// Integer − weight, in steps.
  private var errors: [Double]
  private let limits: ClosedRange<Int>
  private let kernel: Int

  /// Weights in steps, rounded to nearest; `kernel` neighbours belong to one input channel.
  init(_ quotients: [Double], _ limits: ClosedRange<Int>, kernel: Int) {
    integers = quotients.map { WeightGrids.nearest($0, limits) }
    errors = zip(integers, quotients).map { Double($0) - $1 }
    self.limits = limits
    self.kernel = kernel
  }

  mutating func round() {
    let kernels = stride(from: 0, to: integers.count, by: kernel).map { $0..<$0 + kernel }
    for places in kernels {
      flip(Array(places), by: places.reduce(0) { $0 + errors[$1] })
    }
    // Of each kernel the element whose flip brings its sum to the other side of zero.
    var total = 0.0
    var candidates: [(place: Int, sum: Double)] = []
    for places in kernels {
      let sum = places.reduce(0) { $0 + errors[$1] }
      total += sum
      let best = places.filter { canFlip($0, sum) }.max { abs(errors[$0]) < abs(errors[$1]) }
      if let best { candidates.append((best, sum)) }
    }
    let count = Self.flips(total)
    candidates = candidates.filter { $0.sum * total > 0 }
    candidates.sort { (abs($0.sum), $1.place) > (abs($1.sum), $0.place) }
    for candidate in candidates.prefix(count) { flip(candidate.place) }
  }

  /// How many flips bring a sum of errors within half a step.
  private static func flips(_ sum: Double) -> Int {
    Int(min(abs(sum).rounded(.toNearestOrEven), 0x1p40))
  }

  /// Flips the elements whose error is the largest with the sign of the sum.
  private mutating func flip(_ places: [Int], by sum: Double) {
    let count = Self.flips(sum)
    guard count > 0 else { return }
    var candidates = places.filter { canFlip($0, sum) }
    candidates.sort { (abs(errors[$0]), $1) > (abs(errors[$1]), $0) }
    for place in candidates.prefix(count) { flip(place) }
  }

  /// Whether the flip of an element lessens a sum; what lies outside of the grid stays at its end.
  private func canFlip(_ place: Int, _ sum: Double) -> Bool {
    let error = errors[place]
    return error * sum > 0 && abs(error) < 1
      && limits.contains(integers[place] + (error > 0 ? -1 : 1))
  }

  private mutating func flip(_ place: Int) {
    let step = errors[place] > 0 ? -1 : 1
    integers[place] += step
    errors[place] += Double(step)
  }
}

// SPDX-License-Identifier: Apache-2.0
import Tensors

/// The rounding of the weights of one output with the least error of the output: each weight goes
/// down or up to an integer such that
///
///     (1/n) Σ (ŵ·x − t)² + λ |ŵ − w|²
///
/// is small, which is the quadratic binary problem of AdaRound (Nagel et al. 2020, section 3). It is
/// solved not by gradients of a relaxation but by tabu search (Glover 1989): of all flips of a
/// single weight the best is done even if it is for the worse, unless that weight was flipped not
/// long ago, and the best rounding on the way is kept. A flip costs a row of the matrix of moments.
struct RoundingSearch {
  /// Σ x·xᵀ, rows at a distance of `width`, a multiple of 8.
  let square: UnsafePointer<Float>
  let width: Int
  let length: Int
  /// 1/n.
  let share: Float
  /// λ
  let damping: Float

  /// The integers for a row of weights.
  ///
  /// - Parameters:
  ///   - quotients: The weights in units of the scale.
  ///   - product: Σ t·x.
  ///   - moves: How many flips are done.
  func integers(
    _ quotients: [Double], _ limits: ClosedRange<Int>, scale: Double,
    product: UnsafePointer<Float>, moves: Int
  ) -> [Int] {
    var row = quotients.map { WeightGrids.nearest($0, limits) }
    let others = zip(row, quotients).map { q, x in
      // A whole number stays: above all, zeros do.
      let other = x > Double(q) ? q + 1 : x < Double(q) ? q - 1 : q
      return abs(x - Double(q)) <= 0.5 && limits.contains(other) ? other : q
    }
    let free = zip(row, others).count { $0 != $1 }
    guard free > 0 else { return row }
    var state = State(width)
    state.prepare(self, quotients, row, others, Float(scale), product)
    let tenure = min(length / 40 + 8, free / 3)
    var (loss, best) = (0.0, 0.0)
    var flipped: [Int] = []
    for move in 0..<moves {
      guard let (place, change) = state.best(at: move) else { continue }
      loss += Double(change)
      flipped.append(place)
      if loss < best {
        best = loss
        for place in flipped { swap(&row[place], &state.others[place]) }
        flipped.removeAll(keepingCapacity: true)
      }
      // Tenures that vary break cycles.
      state.flip(place, square + place * width, until: move + tenure + move % (tenure / 2 + 2))
    }
    return row
  }

  /// What is known of each weight in a search.
  private struct State {
    /// What a row of integers is not, of the best row so far.
    var others: [Int] = []
    /// Half the derivative of the error by each weight.
    private var gradient: [Float]
    /// The change of the weight by a flip; 0 for those that stay.
    private var step: [Float]
    /// What a flip costs beside the gradient; infinite for those that stay.
    private var cost: [Float]
    /// The move from which on it may be flipped again.
    private var ready: [Int32]
    private var damping: Float = 0
    private var share: Float = 0

    init(_ width: Int) {
      gradient = Array(repeating: 0, count: width)
      step = gradient
      cost = Array(repeating: .infinity, count: width)
      ready = Array(repeating: 0, count: width)
    }

    mutating func prepare(
      _ search: RoundingSearch, _ quotients: [Double], _ row: [Int], _ others: [Int],
      _ scale: Float, _ product: UnsafePointer<Float>
    ) {
      self.others = others
      (damping, share) = (search.damping, search.share)
      var values = [Float](repeating: 0, count: search.width)
      for (i, q) in row.enumerated() { values[i] = Float(q) * scale }
      for i in row.indices {
        let line = search.square + i * search.width
        gradient[i] = share * (Self.dot(values, line) - product[i])
        gradient[i] += damping * Float(Double(row[i]) - quotients[i]) * scale
        step[i] = Float(others[i] - row[i]) * scale
        if others[i] != row[i] {
          cost[i] = scale * scale * (share * line[i] + damping)
        }
      }
    }

    private static func dot(_ values: [Float], _ line: UnsafePointer<Float>) -> Float {
      values.withUnsafeBytes { values in
        var sums = SIMD8<Float>.zero
        let line = UnsafeRawPointer(line)
        for i in stride(from: 0, to: values.count, by: 32) {
          sums += values.loadUnaligned(fromByteOffset: i, as: SIMD8<Float>.self)
            * line.loadUnaligned(fromByteOffset: i, as: SIMD8<Float>.self)
        }
        return sums.sum()
      }
    }

    /// The weight whose flip lessens the error most, or adds least, and by how much; nil if none
    /// may be flipped.
    func best(at move: Int) -> (Int, Float)? {
      let now = SIMD8<Int32>(repeating: Int32(truncatingIfNeeded: move))
      var least = SIMD8<Float>(repeating: .infinity)
      var places = SIMD8<Int32>(repeating: -1)
      gradient.withUnsafeBytes { gradient in
        step.withUnsafeBytes { step in
          cost.withUnsafeBytes { cost in
            ready.withUnsafeBytes { ready in
              for i in stride(from: 0, to: gradient.count, by: 32) {
                let g = gradient.loadUnaligned(fromByteOffset: i, as: SIMD8<Float>.self)
                let s = step.loadUnaligned(fromByteOffset: i, as: SIMD8<Float>.self)
                let c = cost.loadUnaligned(fromByteOffset: i, as: SIMD8<Float>.self)
                let r = ready.loadUnaligned(fromByteOffset: i, as: SIMD8<Int32>.self)
                let change = 2 * s * g + c
                let isBetter = (change .< least) .& (r .<= now)
                least.replace(with: change, where: isBetter)
                places.replace(with: SIMD8(repeating: Int32(i / 4)), where: isBetter)
              }
            }
          }
        }
      }
      var (place, change) = (-1, Float.infinity)
      for lane in 0..<8 where places[lane] >= 0 {
        let own = Int(places[lane]) + lane
        if least[lane] < change || (least[lane] == change && own < place) {
          (place, change) = (own, least[lane])
        }
      }
      return place < 0 ? nil : (place, change)
    }

    /// Flips a weight, given its row of the moments.
    mutating func flip(_ place: Int, _ line: UnsafePointer<Float>, until move: Int) {
      let change = step[place]
      let factor = SIMD8<Float>(repeating: change * share)
      let line = UnsafeRawPointer(line)
      gradient.withUnsafeMutableBytes { gradient in
        for i in stride(from: 0, to: gradient.count, by: 32) {
          let old = gradient.loadUnaligned(fromByteOffset: i, as: SIMD8<Float>.self)
          let row = line.loadUnaligned(fromByteOffset: i, as: SIMD8<Float>.self)
          gradient.storeBytes(of: old + factor * row, toByteOffset: i, as: SIMD8<Float>.self)
        }
      }
      gradient[place] += damping * change
      step[place] = -change
      ready[place] = Int32(truncatingIfNeeded: move + 1)
    }
  }
}

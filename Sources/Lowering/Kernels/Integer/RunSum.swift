// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors

/// Sums of products along runs of numbers, a vector or word at a time into single numbers.
struct RunSum {
  let weights: RunWeights
  let w: TensorParameter

  /// Adds the products of the runs that start at each of `inputs` with those of the first `units` outputs of a tile to the sums [i, j].
  func add(
    to sums: RegisterArray, _ x: KernelBuilder.BufferParameter, inputs: [Index], tile: Index,
    run: Index, units: Int, _ k: inout KernelBuilder
  ) {
    let whole = weights.overlaps ? weights.vectors - 1 : weights.vectors
    let turn = Self.turn(of: whole)
    func add(_ k: inout KernelBuilder, _ vector: Index) {
      let form = weights.form
      let factors = inputs.map { form.inputs(x, $0 + weights.offset(of: vector), &k) }
      for j in 0..<units {
        let others = form.weights(w, [tile, run, vector, Index(j), 0], &k)
        for (part, other) in others.enumerated() {
          for (i, factor) in factors.enumerated() {
            let place = [Index(i), Index(j)]
            k.set(sums, place, form.sum(.register(sums, place), factor[part], other))
          }
        }
      }
    }
    k.loop("r", 0..<whole / turn) { k, r in
      for part in 0..<turn { add(&k, r * turn + part) }
    }
    for vector in whole / turn * turn..<weights.vectors { add(&k, Index(vector)) }
  }

  /// How many vectors a turn of the loop takes: all if they are few.
  private static func turn(of vectors: Int) -> Int {
    guard vectors > 4 else { return max(vectors, 1) }
    return [4, 3].first { vectors % $0 == 0 } ?? 4
  }
}

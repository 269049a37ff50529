// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors

/// Sums of products along runs of bytes, a vector at a time into single numbers (VMLADAVA of Helium).
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
      let factors = inputs.map { start -> Expression in
        let numbers = k.load(x, start + weights.offset(of: vector), lanes: weights.lanes)
        guard numbers.type.element == .u8 else { return k.bind("x", numbers) }
        // Less 128, as the highest bit turned over.
        let flipped = Expression.binary(.xor, numbers, .integer(128, numbers.type))
        return k.bind("x", .reinterpret(flipped, to: .i8))
      }
      for j in 0..<units {
        let other = k.bind(
          "w", k.load(w, [tile, run, vector, Index(j), 0], lanes: weights.lanes))
        for (i, factor) in factors.enumerated() {
          let place = [Index(i), Index(j)]
          k.set(sums, place, .primitive(.dotAcross, [factor, other, .register(sums, place)]))
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

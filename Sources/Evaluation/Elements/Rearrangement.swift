// SPDX-License-Identifier: Apache-2.0
import Tensors

/// A tensor whose element at (i₀, i₁, …) is the input's element at tables[0][i₀] + tables[1][i₁] +
/// …, or `fill` if one of the entries is negative. Tables have one entry for each position along an
/// axis of the result.
func rearranged(
  _ input: Tensor, to type: TensorType, _ tables: [[Int]], fill: Tensor? = nil
) -> Tensor {
  let source = input.withBitsAsIntegers
  var absent: Int64 = 0
  fill?.withBitsAsIntegers.load(&absent, at: 0, count: 1)
  let carrier = type.withBitsAsIntegers
  let inner = tables.last ?? [0]
  let outer = tables.dropLast().map { $0 }
  let moved = TensorBuilder.make(carrier) { builder in
    guard carrier.shape.elementCount > 0 else { return }
    let longest = BroadcastRuns.longest
    withUnsafeTemporaryAllocation(of: Int64.self, capacity: longest) { room in
      let run = room.baseAddress!
      inner.withUnsafeBufferPointer { offsets in
        var start = 0
        forEachSum(outer) { base in
          var done = 0
          while done < inner.count {
            let count = min(longest, inner.count - done)
            if let base {
              source.gather(
                run, at: base, offsets: offsets.baseAddress! + done, count: count, absent: absent)
            } else {
              run.update(repeating: absent, count: count)
            }
            builder.store(UnsafePointer(run), at: start + done, count: count)
            done += count
          }
          start += inner.count
        }
      }
    }
  }
  return moved.withElements(of: type)
}

/// Calls `body` with the sum of one entry of each table, in row-major order of the positions; with
/// nil where one of the entries is negative.
func forEachSum(_ tables: [[Int]], _ body: (Int?) -> Void) {
  guard tables.allSatisfy({ !$0.isEmpty }) else { return }
  var position = [Int](repeating: 0, count: tables.count)
  while true {
    var sum: Int? = 0
    for (axis, table) in tables.enumerated() {
      let entry = table[position[axis]]
      sum = entry < 0 ? nil : sum.map { $0 + entry }
    }
    body(sum)
    var axis = tables.count - 1
    while axis >= 0 {
      position[axis] += 1
      if position[axis] < tables[axis].count { break }
      position[axis] = 0
      axis -= 1
    }
    if axis < 0 { return }
  }
}

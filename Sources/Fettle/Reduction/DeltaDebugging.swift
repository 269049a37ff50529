// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// Delta debugging: the smallest part of a list that still passes a test, such that no single
/// element can be left out (Zeller and Hildebrandt 2002, the algorithm `ddmin`, with the empty list
/// tried first).
enum DeltaDebugging {
  /// Shrinks a list that passes the test.
  ///
  /// - Parameters:
  ///   - isSpent: asked before each test; once it says yes, the best list so far is the result.
  ///   - test: whether a part, in the order of the list, still passes.
  static func minimize<Item>(
    _ items: [Item], isSpent: () -> Bool, _ test: ([Item]) throws(Failure) -> Bool
  ) throws(Failure) -> [Item] {
    guard !items.isEmpty, !isSpent() else { return items }
    if try test([]) { return [] }
    var items = items
    var parts = 2
    while items.count > 1, !isSpent() {
      let chunks = chunks(of: items.count, parts)
      if let smaller = try firstPassing(items, chunks, isSpent, test, alone: true) {
        items = smaller
        parts = 2
      } else if parts > 2 || items.count == 2,
        let smaller = try firstPassing(items, chunks, isSpent, test, alone: false)
      {
        items = smaller
        parts = max(parts - 1, 2)
      } else if parts < items.count {
        parts = min(2 * parts, items.count)
      } else {
        break
      }
    }
    return items
  }

  /// The first chunk that passes by itself, or the first without which the rest passes.
  private static func firstPassing<Item>(
    _ items: [Item], _ chunks: [Range<Int>], _ isSpent: () -> Bool,
    _ test: ([Item]) throws(Failure) -> Bool, alone: Bool
  ) throws(Failure) -> [Item]? {
    for chunk in chunks {
      if isSpent() { return nil }
      let part =
        alone
        ? Array(items[chunk]) : Array(items[..<chunk.lowerBound] + items[chunk.upperBound...])
      if part.count < items.count, try test(part) { return part }
    }
    return nil
  }

  /// A list's positions in so many runs of nearly equal length.
  private static func chunks(of count: Int, _ parts: Int) -> [Range<Int>] {
    (0..<parts).map { count * $0 / parts..<count * ($0 + 1) / parts }
  }
}

/// How much may still be spent on tests.
final class TestBudget {
  /// The tests made so far.
  private(set) var runs = 0
  private let limit: Int
  private let deadline: Double

  /// A budget of runs and seconds from now.
  init(runs: Int, seconds: Double = .infinity) {
    limit = runs
    deadline = Platform.monotonicSeconds + seconds
  }

  /// Whether nothing is left.
  var isSpent: Bool { runs >= limit || Platform.monotonicSeconds >= deadline }
  /// Counts a test.
  func count() { runs += 1 }
}

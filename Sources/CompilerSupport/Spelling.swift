// SPDX-License-Identifier: Apache-2.0

/// Finds what somebody may have meant.
public enum Spelling {
  /// The candidate nearest to a word by the number of letters to insert, remove, replace or swap
  /// with their neighbour, case left aside; the first of equals. Nil if none is near enough to be
  /// meant.
  public static func nearest(
    to word: String, among candidates: some Sequence<String>
  ) -> String? {
    let wanted = Array(word.lowercased().utf8.prefix(64))
    var best: (distance: Int, candidate: String)?
    for candidate in candidates {
      let letters = Array(candidate.lowercased().utf8.prefix(64))
      let limit = Swift.max(wanted.count, letters.count) / 3
      let distance = distance(wanted, letters)
      if distance <= Swift.max(limit, 1), distance < best?.distance ?? Int.max {
        best = (distance, candidate)
      }
    }
    return best?.candidate
  }

  /// The notes of a diagnostic about an unknown word: the nearest candidate if there is one, and
  /// all candidates if they are few.
  public static func notes(for word: String, among candidates: [String]) -> [String] {
    var notes: [String] = []
    if let near = nearest(to: word, among: candidates) { notes.append("did you mean '\(near)'?") }
    if !candidates.isEmpty, candidates.count <= 24 {
      notes.append("known: " + candidates.joined(separator: ", "))
    }
    return notes
  }

  /// The restricted Damerau–Levenshtein distance by dynamic programming over three rows.
  private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var least = Swift.min(row[j], last[j + 1]) + 1
        least = Swift.min(least, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          least = Swift.min(least, beforeLast[j - 1] + 1)
        }
        row.append(least)
      }
      (beforeLast, last) = (last, row)
    }
    return last[b.count]
  }
}

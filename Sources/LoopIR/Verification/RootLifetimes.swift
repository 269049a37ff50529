// SPDX-License-Identifier: Apache-2.0

/// From which step to which each piece of memory is in use: what the steps themselves say, not what the planner took them for.
struct RootLifetimes {
  /// The first and the last step of each root that a step uses.
  let steps: [Int: ClosedRange<Int>]

  init(_ program: Program) {
    var steps: [Int: ClosedRange<Int>] = [:]
    for (position, step) in program.steps.enumerated() {
      for buffer in step.arguments {
        let root = program.buffers[buffer].root
        steps[root] = (steps[root]?.lowerBound ?? position)...position
      }
    }
    self.steps = steps
  }

  private struct Piece {
    let name: String
    var bytes: Range<Int>
    let steps: ClosedRange<Int>
  }

  /// Sentences about pieces of the arena that are in use at the same time and share bytes; empty if the arena is sound.
  func conflicts(in program: Program) -> [String] {
    var pieces: [Int: Piece] = [:]
    for buffer in program.buffers {
      guard case .arena(let offset) = buffer.storage, buffer.layout.byteCount > 0, let steps = steps[buffer.root]
      else { continue }
      let bytes = offset..<offset + buffer.layout.byteCount
      var piece = pieces[buffer.root] ?? Piece(name: buffer.name, bytes: bytes, steps: steps)
      piece.bytes = min(piece.bytes.lowerBound, bytes.lowerBound)..<max(piece.bytes.upperBound, bytes.upperBound)
      pieces[buffer.root] = piece
    }
    var conflicts: [String] = []
    // In the order of their first use; those whose last use is over leave.
    let ordered = pieces.sorted { ($0.value.steps.lowerBound, $0.key) < ($1.value.steps.lowerBound, $1.key) }
    var alive: [Piece] = []
    for (_, piece) in ordered {
      alive.removeAll { $0.steps.upperBound < piece.steps.lowerBound }
      for other in alive where other.bytes.overlaps(piece.bytes) {
        // In use together in one step alone: whether that may work in place is checked with the step.
        if min(other.steps.upperBound, piece.steps.upperBound) == piece.steps.lowerBound { continue }
        conflicts.append("'\(other.name)' and '\(piece.name)' are in use at once and share memory")
      }
      alive.append(piece)
    }
    return conflicts
  }
}

// SPDX-License-Identifier: Apache-2.0

/// From which step to which each piece of the arena is in use, by the buffers that lie in it.
struct RootLifetimes {
  /// Sentences about pieces that are in use at the same time and share bytes; empty if the arena is sound.
  private(set) var conflicts: [String] = []

  private struct Root {
    let name: String
    var bytes: Range<Int>
    var steps: ClosedRange<Int>
  }

  init(_ program: Program) {
    var roots: [Int: Root] = [:]
    for buffer in program.buffers {
      guard case .arena(let offset) = buffer.storage, buffer.layout.byteCount > 0 else { continue }
      let bytes = offset..<offset + buffer.layout.byteCount
      guard let known = roots[buffer.root] else {
        roots[buffer.root] = Root(name: buffer.name, bytes: bytes, steps: buffer.lifetime)
        continue
      }
      roots[buffer.root]?.bytes =
        min(known.bytes.lowerBound, bytes.lowerBound)..<max(known.bytes.upperBound, bytes.upperBound)
      roots[buffer.root]?.steps =
        min(known.steps.lowerBound, buffer.lifetime.lowerBound)...max(
          known.steps.upperBound, buffer.lifetime.upperBound)
    }
    // In the order of their first use; those whose last use is over leave.
    let ordered = roots.sorted { ($0.value.steps.lowerBound, $0.key) < ($1.value.steps.lowerBound, $1.key) }
    var alive: [(id: Int, root: Root)] = []
    for (id, root) in ordered {
      alive.removeAll { $0.root.steps.upperBound < root.steps.lowerBound }
      for other in alive where other.root.bytes.overlaps(root.bytes) {
        // In place: the step that reads the one last makes the other; whether it may is checked with the step.
        let isHandedOver = other.root.steps.upperBound == root.steps.lowerBound
        if isHandedOver { continue }
        conflicts.append("'\(other.root.name)' and '\(root.name)' are in use at once and share memory")
      }
      alive.append((id, root))
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

/// What a kernel reads and writes of its buffers, in the order of its statements.
struct KernelFootprint {
  /// An access, over all iterations of the loops around it.
  enum Event: Hashable {
    /// Elements that are read: a box of the parameter's region.
    case read(parameter: Int, box: [ClosedRange<Int>])
    /// Elements that are written, counted from the parameter's first.
    case write(parameter: Int, runs: [StoredRuns.Run])
  }

  private(set) var events: [Event] = []
  private var known: Set<Event> = []

  /// Enters an access. Reading the same elements again says nothing new.
  mutating func add(_ event: Event) {
    if known.insert(event).inserted { events.append(event) }
  }
}

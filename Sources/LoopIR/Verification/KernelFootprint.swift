// SPDX-License-Identifier: Apache-2.0

/// What a kernel reads and writes of its buffers, in the order of its statements.
struct KernelFootprint {
  /// An access, over all iterations of the loops around it.
  enum Event {
    /// Elements that are read: a box of the parameter's region.
    case read(parameter: Int, box: [ClosedRange<Int>])
    /// Elements that are written, counted from the parameter's first.
    case write(parameter: Int, ElementSet)
  }

  private struct Read: Hashable {
    let parameter: Int
    let box: [ClosedRange<Int>]
  }

  private(set) var events: [Event] = []
  private var known: Set<Read> = []

  /// Enters elements that are read. Reading the same ones again says nothing new.
  mutating func addRead(_ parameter: Int, _ box: [ClosedRange<Int>]) {
    guard known.insert(Read(parameter: parameter, box: box)).inserted else { return }
    events.append(.read(parameter: parameter, box: box))
  }

  /// Enters elements that are written, of a parameter whose region spans `span`; together with those written before if the
  /// parameter was not read in between.
  mutating func addWrite(_ parameter: Int, _ elements: StoredElements, span: Int) {
    var set = ElementSet(count: span)
    var position: Int?
    search: for i in events.indices.reversed() {
      switch events[i] {
      case .read(parameter, _): break search
      case .write(parameter, let written):
        set = written
        position = i
        break search
      case .read, .write: continue
      }
    }
    if let position { events[position] = .read(parameter: parameter, box: []) }
    var elements = elements
    elements.insert(into: &set)
    if let position {
      events[position] = .write(parameter: parameter, set)
    } else {
      events.append(.write(parameter: parameter, set))
    }
  }
}

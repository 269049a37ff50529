// SPDX-License-Identifier: Apache-2.0

/// What a kernel reads and writes of its buffers, in the order of its statements.
struct KernelFootprint {
  /// An access, over all iterations of the loops around it.
  enum Event {
    /// Elements that are read: a box of the parameter's region that holds them all, and what tells which they are.
    case read(parameter: Int, box: [ClosedRange<Int>], Load)
    /// Elements that are written, counted from the parameter's first.
    case write(parameter: Int, ElementSet)
  }

  /// A load and the loops around it.
  struct Load {
    let index: Index
    let lanes: Int
    let nest: LoopNest

    /// The elements that it reads; nil where data decide.
    var elements: AccessedElements? { AccessedElements(index, lanes: lanes, in: nest) }
  }

  private struct Read: Hashable {
    let parameter: Int
    let index: Index
    let lanes: Int
    /// The counters of the loops around: in fewer of them the same index may reach further.
    let counters: [Int]
  }

  private(set) var events: [Event] = []
  private var known: Set<Read> = []

  /// Enters elements that are read. Reading the same ones again says nothing new.
  mutating func addRead(_ access: Access, lanes: Int, _ box: [ClosedRange<Int>], in nest: LoopNest) {
    let read = Read(
      parameter: access.parameter, index: access.index, lanes: lanes, counters: nest.levels.map(\.variable.id))
    guard known.insert(read).inserted else { return }
    events.append(
      .read(
        parameter: access.parameter, box: box,
        Load(index: access.index, lanes: lanes, nest: nest)))
  }

  /// Enters what is read in either of two blocks of which one runs, and what is written in both.
  mutating func addBranch(_ first: KernelFootprint, _ second: KernelFootprint) {
    for side in [first, second] {
      var written: [Int: ElementSet] = [:]
      for event in side.events {
        switch event {
        case .write(let parameter, let set): written[parameter, default: ElementSet(count: set.count)].formUnion(set, movedBy: 0)
        case .read(let parameter, _, let load):
          // What the block itself wrote it may read.
          if let own = written[parameter], var elements = load.elements {
            var read = ElementSet(count: own.count)
            elements.insert(into: &read)
            if read.isSubset(of: own) { continue }
          }
          events.append(event)
        }
      }
    }
    let others = second.written
    for (parameter, set) in first.written.sorted(by: { $0.key < $1.key }) {
      guard let other = others[parameter] else { continue }
      var both = set
      both.formIntersection(other)
      events.append(.write(parameter: parameter, both))
    }
  }

  /// All that is written, by parameter.
  private var written: [Int: ElementSet] {
    var sets: [Int: ElementSet] = [:]
    for event in events {
      guard case .write(let parameter, let set) = event else { continue }
      sets[parameter, default: ElementSet(count: set.count)].formUnion(set, movedBy: 0)
    }
    return sets
  }

  /// Enters elements that are written, of a parameter whose region spans `span`; together with those written before if nothing of
  /// the same memory was read in between.
  ///
  /// - Parameter mayAlias: whether other parameters may be views of the same memory.
  mutating func addWrite(_ parameter: Int, _ elements: AccessedElements, span: Int, mayAlias: Bool) {
    var set = ElementSet(count: span)
    var position: Int?
    search: for i in events.indices.reversed() {
      switch events[i] {
      case .read(let other, _, _) where other == parameter || mayAlias: break search
      case .write(parameter, let written):
        set = written
        position = i
        break search
      case .read, .write: continue
      }
    }
    // The list lets go of the set, so that it is not copied to be changed.
    if let position { events[position] = .write(parameter: parameter, ElementSet(count: 0)) }
    var elements = elements
    elements.insert(into: &set)
    if let position {
      events[position] = .write(parameter: parameter, set)
    } else {
      events.append(.write(parameter: parameter, set))
    }
  }
}

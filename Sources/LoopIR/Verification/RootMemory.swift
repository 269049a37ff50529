// SPDX-License-Identifier: Apache-2.0
import Tensors

/// A piece of memory that is written by the steps of a program (of the arena, or an output port), and which of it holds values.
struct RootMemory {
  /// Bits of the smallest element that is seen in it: what is kept track of.
  private let unit: Int
  /// Its first byte, in the arena or the port.
  private let start: Int
  private let unitCount: Int
  private let lastStep: Int
  /// Whether it belongs to the caller, who reads it after the last step.
  private let isOutput: Bool
  /// Made when the first element is written, dropped after the last use.
  private var elements: ElementSet?
  /// Views with filling, which counts as written.
  private let filled: [Buffer]

  /// The memory of each root that is not read-only, and not too large to be kept track of.
  static func all(of program: Program, _ lifetimes: RootLifetimes) -> [Int: RootMemory] {
    var views: [Int: [Buffer]] = [:]
    for buffer in program.buffers {
      switch buffer.storage {
      case .constant: continue
      case .port(let port) where program.ports[port].role != .output: continue
      case .port, .arena: views[buffer.root, default: []].append(buffer)
      }
    }
    let memories = views.map { root, views in
      (root, RootMemory(of: views, program.outputType(of: views), lastStep: lifetimes.steps[root]?.upperBound ?? 0))
    }
    return Dictionary(uniqueKeysWithValues: memories.filter { $0.1.unitCount <= ElementSet.largestCount })
  }

  /// - Parameter output: what the caller reads of an output port, whatever the views hold of it; nil for the arena.
  private init(of views: [Buffer], _ output: TensorType?, lastStep: Int) {
    self.lastStep = lastStep
    unit = min(views.map(\.layout.type.element.bitCount).min() ?? 8, output?.element.bitCount ?? 64, 64)
    let first = output == nil ? views.map(\.start).min() ?? 0 : 0
    start = first
    let bits = views.map { view in
      (view.start - first) * 8 + view.layout.elementCount * view.layout.type.element.bitCount
    }
    let outputBits = output.map { $0.shape.elementCount * $0.element.bitCount } ?? 0
    unitCount = (max(bits.max() ?? 0, outputBits) + unit - 1) / unit
    isOutput = output != nil
    filled = views.filter { $0.layout.hasFilling }
  }

  /// Marks elements of a buffer as written.
  mutating func insert(_ written: ElementSet, of buffer: Buffer) {
    prepare()
    if buffer.layout.type.element.bitCount == unit {
      let offset = units(0, 0, in: buffer).lowerBound
      elements?.formUnion(written, movedBy: offset)
    } else {
      written.forEach { element in
        let units = units(element, 1, in: buffer)
        elements?.insert(units)
      }
    }
  }

  /// The first of some elements of a buffer that was not written, or nil. The box holds them all; only where that is not written whole
  /// it matters which they are.
  mutating func firstMissing(
    of box: [ClosedRange<Int>], _ load: KernelFootprint.Load, in buffer: Buffer
  ) -> Int? {
    prepare()
    guard let elements else { return nil }
    let region = BufferRegion(buffer.layout)
    var missing: Int?
    region.forEachRun(of: box) { first, count in
      guard missing == nil, let place = elements.firstMissing(units(first, count, in: buffer))
      else { return }
      missing = (place * unit - (buffer.start - start) * 8) / buffer.layout.type.element.bitCount
    }
    guard missing != nil, var exact = load.elements else { return missing }
    var read = ElementSet(count: region.span)
    exact.insert(into: &read)
    missing = nil
    read.forEach { element in
      if missing == nil, elements.firstMissing(units(element, 1, in: buffer)) != nil { missing = element }
    }
    return missing
  }

  /// The first element, of the smallest size seen in it, that was not written; nil if it holds values everywhere.
  var firstMissing: Int? {
    guard let elements else { return unitCount > 0 ? 0 : nil }
    return elements.firstMissing(0..<unitCount)
  }

  /// Forgets what it holds after the step that uses it last.
  mutating func release(after step: Int) {
    if step >= lastStep, !isOutput { elements = nil }
  }

  private mutating func prepare() {
    guard elements == nil else { return }
    var fresh = ElementSet(count: unitCount)
    for buffer in filled {
      buffer.layout.forEachFillingRun { fresh.insert(units($0, $1, in: buffer)) }
    }
    elements = fresh
  }

  /// Elements of a buffer as units of this memory.
  private func units(_ first: Int, _ count: Int, in buffer: Buffer) -> Range<Int> {
    let bits = buffer.layout.type.element.bitCount
    let base = (buffer.start - start) * 8
    return (base + first * bits) / unit..<(base + (first + count) * bits) / unit
  }
}

extension Program {
  /// The type of the output port in which views lie, or nil.
  fileprivate func outputType(of views: [Buffer]) -> TensorType? {
    guard case .port(let port) = views.first?.storage else { return nil }
    return ports[port].type
  }
}

extension BufferLayout {
  /// Whether a split axis has more positions than its dimension.
  fileprivate var hasFilling: Bool {
    axes.contains { axis in
      if case .inner(let factor) = axis.part { type.shape[axis.dimension] % factor != 0 } else { false }
    }
  }

  /// Calls `body` with runs of elements beyond the extents of split dimensions.
  fileprivate func forEachFillingRun(_ body: (_ start: Int, _ count: Int) -> Void) {
    for split in axes {
      guard case .inner(let factor) = split.part else { continue }
      let filled = type.shape[split.dimension] % factor
      if filled == 0 { continue }
      // The last block's positions from `filled` on, at all positions of the other axes.
      var first = 0
      var free: [(stride: Int, count: Int)] = []
      for axis in axes {
        switch axis.part {
        case .outer where axis.dimension == split.dimension: first += (axis.extent - 1) * axis.stride
        case .inner where axis.dimension == split.dimension:
          first += filled * axis.stride
          free.append((axis.stride, factor - filled))
        case .whole, .outer, .inner: free.append((axis.stride, axis.extent))
        }
      }
      var run = 1
      var outer: [(stride: Int, count: Int)] = []
      for axis in free.sorted(by: { $0.stride < $1.stride }) where axis.count != 1 {
        if outer.isEmpty, axis.stride == run { run *= axis.count } else { outer.append(axis) }
      }
      func nest(_ axis: Int, _ start: Int) {
        guard axis >= 0 else { return body(start, run) }
        for i in 0..<outer[axis].count { nest(axis - 1, start + i * outer[axis].stride) }
      }
      nest(outer.count - 1, first)
    }
  }
}

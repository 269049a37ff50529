// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
import Targets
import Tensors

/// Slices along an axis by computed indices: each index is loaded once, and what lies behind the
/// axis is copied as a run.
public struct GatherLowering: OpLowering {
  public let name = "gather"
  public let summary = "a copy of the slices that the indices select"

  /// The lowering.
  public init() {}

  public func lower(_ op: OpRef<Gather>, in context: inout LoweringContext) throws(LoweringError) {
    guard let input = context.graph.operand(op, .input),
      let indices = context.graph.operand(op, .indices)
    else { unreachable("a verified gather has its operands") }
    let target = context.result(of: op)
    guard target.layout.type.shape.elementCount > 0 else { return }
    var k = KernelBuilder("gather")
    let source = context.view(of: input)
    let x = k.input("x", source)
    // Of a table of single elements each index is read once, where its element is written.
    let isFunction = source.layout.type.shape.rank == 1
    let selection = k.input("indices", context.view(of: indices), mayAlias: isFunction)
    let y = k.output("y", target, mayAlias: isFunction)
    let axis = op.axis
    let extent = x.layout.type.shape[axis]
    let shape = y.layout.type.shape
    let inner = axis + selection.layout.type.shape.rank
    let element = x.layout.type.element
    let wanted = element == .f32 ? context.target.lanes(32)
      : element == .i8 || element == .u8 ? context.target.lanes(8, of: .integer) : 1

    func origin(_ position: [Index], _ selected: Index) -> [Index] {
      Array(position[..<axis]) + [selected] + Array(position[inner...])
    }
    let run = MergedDimensions.longestRun(of: shape) { merged in
      let last = merged.groups.count - 1
      return merged.groups[last].lowerBound >= inner
        && (merged.extent(last) <= 1
          || merged.course(along: last, in: y.layout) == .contiguous
            && merged.course(along: last) { x.layout.at(origin($0, 0)) } == .contiguous)
    }
    let outer = run.map { $0.groups.count - 1 } ?? shape.rank

    func nest(_ k: inout KernelBuilder, _ position: [Index], _ selected: Index?) {
      var selected = selected
      if position.count == inner, selected == nil {
        selected = index(k: &k, Array(position[axis...]), selection, extent: extent)
      }
      if position.count == outer, let selected {
        guard let run else { return k.store(y, position, k.load(x, origin(position, selected))) }
        k.run("i", 0..<run.extent(outer), lanes: wanted) { k, i, lanes in
          let place = run.coordinates(position + [i])
          k.store(y, place, k.load(x, origin(place, selected), lanes: lanes))
        }
        return
      }
      let d = position.count
      k.loop("d\(d)", 0..<shape[d]) { k, i in nest(&k, position + [i], selected) }
    }
    nest(&k, [], nil)
    context.add(k, [x, selection, y])
  }

  /// The index at a position of the indices: from the end if it is negative, and never outside.
  private func index(
    k: inout KernelBuilder, _ position: [Index], _ selection: TensorParameter, extent: Int
  ) -> Index {
    let stored = k.load(selection, position)
    if extent == 256, stored.type.element == .i8 || stored.type.element == .u8 {
      // From the end if it is negative: the bits of the index are the position.
      return k.bindIndex("s", stored.converted(to: .u8).converted(to: .i32), range: 0...255)
    }
    // The extent is a number of the type that is computed in.
    let computed: ElementType = extent > Int(Int32.max) ? .i64 : .i32
    let isNarrow = stored.type.element.bitCount < computed.bitCount
    let loaded = k.bind("s", isNarrow ? stored.converted(to: computed) : stored)
    func number(_ value: Int) -> Expression { .integer(Int64(value), loaded.type) }
    let counted = Expression.select(
      .binary(.less, loaded, number(0)), loaded + number(extent), loaded)
    let inside = Expression.binary(
      .minimum, .binary(.maximum, counted, number(0)), number(extent - 1))
    return k.bindIndex("s", inside, range: 0...extent - 1)
  }
}

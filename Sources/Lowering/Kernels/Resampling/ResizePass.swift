// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import LoopIR
import Targets
import Tensors

/// One kernel of an interpolating resize: some axes are resampled, the others pass through.
struct ResizePass {
  private let tables: [TapTable]
  /// The type in which is computed.
  private let element: ElementType
  /// Whether products may be fused with sums.
  private let fuses: Bool
  private let extrapolation: Double

  /// More taps of a single axis than this are a loop.
  private static let unrolledTaps = 16

  init(_ tables: [TapTable], element: ElementType, fuses: Bool, extrapolation: Double) {
    self.tables = tables
    self.element = element
    self.fuses = fuses
    self.extrapolation = extrapolation
  }

  /// The taps of one axis at the position of the loops around.
  private struct Taps {
    let axis: Int
    let indices: [Index]
    let weights: [Expression]
  }

  /// The parameters of an axis.
  private struct Parameters {
    let indices: TensorParameter
    let weights: TensorParameter
  }

  func add(_ source: TensorView, to target: TensorView, in context: inout LoweringContext) {
    var k = KernelBuilder("resize")
    let x = k.input("x", source)
    let y = k.output("y", target)
    var parameters: [Int: Parameters] = [:]
    var list = [x, y]
    for table in tables {
      let pair = self.parameters(of: table, &k, in: &context)
      parameters[table.axis] = pair
      list += [pair.indices, pair.weights]
    }
    let layout = y.layout
    let vector = Self.lanes(x.layout, layout, except: Set(tables.map(\.axis)), in: context)

    func nest(_ k: inout KernelBuilder, _ depth: Int, _ position: [Index], _ taps: [Taps]) {
      guard depth < layout.axes.count else {
        return compute(&k, x, y, position, taps, lanes: vector ?? 1, parameters)
      }
      let axis = layout.axes[depth]
      let d = axis.dimension
      func step(_ k: inout KernelBuilder, _ index: Index, _ more: [Taps] = []) {
        var next = position
        next[d] = next[d] + index
        nest(&k, depth + 1, next, taps + more)
      }
      let extent = layout.type.shape[d]
      switch axis.part {
      case .outer(let factor):
        if vector != nil {
          return k.loop("d\(d)", 0..<axis.extent) { k, i in step(&k, i * factor) }
        }
        k.loop("d\(d)", 0..<extent / factor) { k, i in step(&k, i * factor) }
        if extent % factor != 0 { step(&k, Index(extent / factor * factor)) }
      case .inner(let factor):
        if let vector {
          return k.loop("d\(d)", 0..<factor / vector) { k, i in step(&k, i * vector) }
        }
        let isCut = position[d].range.upperBound + factor > extent
        k.loop("d\(d)", 0..<(isCut ? extent % factor : factor)) { k, i in step(&k, i) }
      case .whole:
        guard let table = tables.first(where: { $0.axis == d }), let pair = parameters[d] else {
          let width = depth == layout.axes.count - 1 ? vector ?? 1 : 1
          return k.loop("d\(d)", 0..<extent / width) { k, i in step(&k, i * width) }
        }
        k.loop("d\(d)", 0..<extent) { k, i in
          guard table.hasOutside else { return step(&k, i, [bind(&k, table, pair, at: i)]) }
          let first = k.load(pair.indices, [i, 0])
          k.branch(.binary(.greaterEqual, first, .constant(0, like: first.type))) { k in
            step(&k, i, [bind(&k, table, pair, at: i)])
          } else: { k in
            var next = position
            next[d] = i
            fill(&k, y, depth + 1, next)
          }
        }
      }
    }
    nest(&k, 0, layout.type.shape.extents.map { _ in 0 }, [])
    context.add(k, list)
  }

  /// The lanes along a dimension that passes through and is consecutive on both sides, or nil.
  private static func lanes(
    _ x: BufferLayout, _ y: BufferLayout, except changed: Set<Int>, in context: LoweringContext
  ) -> Int? {
    let lanes = x.type.element == .f32 && y.type.element == .f32 ? context.target.lanes(32) : 1
    guard lanes > 1, let last = y.axes.last, !changed.contains(last.dimension),
      x.hasRuns(of: lanes, along: last.dimension), y.hasRuns(of: lanes, along: last.dimension),
      last.stride == 1, last.extent > 1, x.isSplit == y.isSplit
    else { return nil }
    return lanes
  }

  private func parameters(
    of table: TapTable, _ k: inout KernelBuilder, in context: inout LoweringContext
  ) -> Parameters {
    let (rows, count) = (table.rows.count, table.count)
    guard let shape = Shape([rows, count]) else { unreachable("a table is small") }
    let indices = Packing.generate(count: rows * count) {
      Int32(truncatingIfNeeded: table.index($0 / count, $0 % count))
    }
    let values = Packing.generate(count: rows * count) { table.weight($0 / count, $0 % count) }
    let weights = element == .f64
      ? values
      : Packing.generate(count: rows * count) { Float(table.weight($0 / count, $0 % count)) }
    func view(_ type: ElementType, _ bytes: Bytes, _ name: String) -> TensorView {
      context.constant(.rowMajor(TensorType(type, shape)), bytes, name: name)
    }
    return Parameters(
      indices: k.input("p\(table.axis)", view(.i32, indices, "positions")),
      weights: k.input("w\(table.axis)", view(element, weights, "weights")))
  }

  /// Loads the taps of a position, unless they are so many that a loop does it.
  private func bind(
    _ k: inout KernelBuilder, _ table: TapTable, _ pair: Parameters, at position: Index
  ) -> Taps {
    guard table.count <= Self.unrolledTaps else {
      return Taps(axis: table.axis, indices: [], weights: [])
    }
    let taps = (0..<table.count).map { tap in
      (
        source(&k, table, pair, [position, Index(tap)]),
        k.bind("w", k.load(pair.weights, [position, Index(tap)]))
      )
    }
    return Taps(axis: table.axis, indices: taps.map(\.0), weights: taps.map(\.1))
  }

  /// Where a tap reads. Rows that lie outside hold −1; they are told apart before, and held to what is there all the same.
  private func source(
    _ k: inout KernelBuilder, _ table: TapTable, _ pair: Parameters, _ row: [Index]
  ) -> Index {
    let shown = k.load(pair.indices, row)
    let index = table.hasOutside
      ? Expression.binary(.maximum, shown, .constant(0, like: shown.type)) : shown
    return k.bindIndex("p", index, range: 0...table.largest)
  }

  /// The sum of products for a position.
  private func compute(
    _ k: inout KernelBuilder, _ x: TensorParameter, _ y: TensorParameter, _ position: [Index],
    _ taps: [Taps], lanes: Int, _ parameters: [Int: Parameters]
  ) {
    let type = ValueType(element, lanes: lanes)
    func load(_ k: KernelBuilder, _ place: [Index]) -> Expression {
      k.load(x, place, lanes: lanes).converted(to: element)
    }
    func adding(_ value: Expression, times weight: Expression, to sum: Expression) -> Expression {
      fuses ? .primitive(.multiplyAdd, [value, weight, sum]) : sum + value * weight
    }
    let sum: Expression
    if let table = tables.first, tables.count == 1, table.count > Self.unrolledTaps,
      let pair = parameters[table.axis]
    {
      let total = k.registers("sum", initial: .constant(0, like: type))
      k.loop("t", 0..<table.count) { k, tap in
        let row = [position[table.axis], tap]
        var place = position
        place[table.axis] = source(&k, table, pair, row)
        let weight = k.load(pair.weights, row).splat(lanes)
        k.set(total, adding(load(k, place), times: weight, to: .register(total, [])))
      }
      sum = .register(total, [])
    } else {
      var terms: [(place: [Index], weight: Expression?)] = [(position, nil)]
      for axis in taps {
        terms = terms.flatMap { term in
          zip(axis.indices, axis.weights).map { index, weight in
            var place = term.place
            place[axis.axis] = index
            return (place, term.weight.map { $0 * weight } ?? weight)
          }
        }
      }
      sum = terms.reduce(Expression.constant(0, like: type)) { sum, term in
        guard let weight = term.weight else { return load(k, term.place) }
        return adding(load(k, term.place), times: weight.splat(lanes), to: sum)
      }
    }
    k.store(y, position, stored(sum, as: y.layout.type.element))
  }

  private func stored(_ value: Expression, as type: ElementType) -> Expression {
    type.isFloat
      ? value.converted(to: type.computed) : saturated(.unary(.roundEven, value), to: type)
  }

  /// Writes the extrapolation value to all positions of the axes from `depth` on.
  private func fill(
    _ k: inout KernelBuilder, _ y: TensorParameter, _ depth: Int, _ position: [Index]
  ) {
    let type = ValueType(element)
    guard depth < y.layout.axes.count else {
      let value = Expression.constant(extrapolation, like: type)
      return k.store(y, position, stored(value, as: y.layout.type.element))
    }
    let axis = y.layout.axes[depth]
    let d = axis.dimension
    let extent = y.layout.type.shape[d]
    func loop(_ k: inout KernelBuilder, _ count: Int, _ scale: Int) {
      k.loop("d\(d)", 0..<count) { k, i in
        var next = position
        next[d] = next[d] + i * scale
        fill(&k, y, depth + 1, next)
      }
    }
    switch axis.part {
    case .whole: loop(&k, extent, 1)
    case .outer(let factor): loop(&k, axis.extent, factor)
    case .inner(let factor): loop(&k, factor, 1)
    }
  }
}

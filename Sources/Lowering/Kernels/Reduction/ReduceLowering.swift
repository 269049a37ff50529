// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
public import Targets
import Tensors

/// Elements along axes joined to one: by vectors across what stays (channels of a pooled image) or
/// along what is joined, else one number at a time.
public struct ReduceLowering: OpLowering {
  public let name = "reduce"
  public let summary = "sums and the like over axes, several partial sums at a time"
  public let acceptsTail = true

  /// The lowering.
  public init() {}

  public func wish(_ op: OpRef<Reduce>, in graph: Graph, on target: Target) -> LayoutWish {
    let isSpatial = op.keepDimensions && op.axes.allSatisfy { $0 >= 2 }
    return isSpatial ? .like(slot: 0) : .rowMajor
  }

  public func lower(_ op: OpRef<Reduce>, in context: inout LoweringContext) throws(LoweringError) {
    guard let input = context.graph.operand(op, .input) else {
      unreachable("a verified reduction has its operand")
    }
    let result = context.result(of: op)
    let value = context.graph.result(op)
    guard result.layout.type.shape.elementCount > 0 else { return }
    let attributes = op.attributes
    func target(_ position: [Index]) -> [Index] {
      position.enumerated().compactMap { d, index in
        !attributes.axes.contains(d) ? index : attributes.keepDimensions ? 0 : nil
      }
    }

    var k = KernelBuilder("reduce")
    let x = k.input("x", context.view(of: input))
    let y = k.output("y", result)
    let hasTail = !context.tail.isEmpty
    let isFloat = x.layout.type.element == .f32 && y.layout.type.element == .f32
      && (!hasTail || ElementwiseWalk.lanes(context.tail, in: context) > 1)
    let nest = ReductionNest(
      x.layout, y.layout, target: target, axes: op.axes,
      lanes: isFloat ? context.target.lanes(32) : 1, mergesKept: !hasTail)
    let laneDimension = nest.keptDimension.map { kept in
      attributes.keepDimensions ? kept : kept - attributes.axes.filter { $0 < kept }.count
    }
    let epilogue = context.epilogue(
      laneDimension: laneDimension ?? 0, lanes: laneDimension == nil ? 1 : nest.lanes,
      providing: value, staysInside: !nest.coversFilling, kernel: &k)
    let reduction = Reduction(op.kind, x, nest, sum: op.isWide ? .i32 : nil)
    nest.forEachKept(&k) { k, kept, lanes in
      let sum = reduction.value(&k, at: kept, lanes: lanes)
      let place = target(nest.merged.coordinates(kept))
      k.store(y, place, epilogue.apply([value: sum], at: place, lanes: lanes, kernel: &k))
    }
    context.add(k, [x, y] + epilogue.parameters)
  }
}

/// One kind of reduction of a tensor.
private struct Reduction {
  let kind: ReduceKind
  let x: TensorParameter
  let nest: ReductionNest
  /// The type in which numbers are joined.
  let element: ElementType
  private let count: Int

  init(_ kind: ReduceKind, _ x: TensorParameter, _ nest: ReductionNest, sum: ElementType?) {
    self.kind = kind
    self.x = x
    self.nest = nest
    let stored = x.layout.type.element
    switch kind {
    case .l2, .logSum, .logSumExp: element = stored.isFloat ? stored.computed : .f64
    case .mean: element = stored.isFloat ? stored.computed : stored == .u64 ? .u64 : .i64
    case .sum, .max, .min, .product, .l1, .sumOfSquares: element = sum ?? stored.computed
    }
    count = nest.isReduced.indices.reduce(1) {
      nest.isReduced[$1] ? $0 * nest.merged.extent($1) : $0
    }
  }

  /// The reduction that belongs to a kept position.
  func value(_ k: inout KernelBuilder, at kept: [Index], lanes: Int) -> Expression {
    let x = self.x
    func joined(
      _ k: inout KernelBuilder, _ how: Accumulation,
      _ function: (inout KernelBuilder, Expression) -> Expression
    ) -> Expression {
      nest.accumulate(&k, at: kept, lanes: lanes, how) { k, position, lanes in
        let number = k.bind("x", k.load(x, position, lanes: lanes).converted(to: element))
        return function(&k, number)
      }
    }
    let sum = Accumulation.sum(element)
    switch kind {
    case .sum: return joined(&k, sum) { $1 }
    case .mean:
      let total = joined(&k, sum) { $1 }
      if count == 0, !element.isFloat { return .integer(0, ValueType(stored.computed)) }
      return (total / .constant(Double(count), like: total.type)).converted(to: stored.computed)
    case .product: return joined(&k, .product(element)) { $1 }
    case .l1:
      return joined(&k, sum) { element.kind == .unsigned ? $1 : .unary(.absolute, $1) }
    case .sumOfSquares: return joined(&k, sum) { $1 * $1 }
    case .l2: return narrowed(.unary(.squareRoot, joined(&k, sum) { $1 * $1 }))
    case .logSum: return narrowed(.unary(.log, joined(&k, sum) { $1 }))
    case .max: return joined(&k, .extreme(.maximum, initial: lowest)) { $1 }
    case .min: return joined(&k, .extreme(.minimum, initial: highest)) { $1 }
    case .logSumExp:
      let largest = joined(&k, .extreme(.maximum, initial: lowest)) { $1 }
      let total = joined(&k, sum) { k, x in
        VectorMath.exp(in: &k, x - largest.splat(x.type.lanes))
      }
      // Infinities and NaN have no difference to themselves.
      let isFinite = Expression.binary(
        .equal, largest - largest, .constant(0, like: largest.type))
      return narrowed(.select(isFinite, largest + .unary(.log, total), largest))
    }
  }

  private var stored: ElementType { x.layout.type.element }

  /// A float result of integers: what is behind the point is cut.
  private func narrowed(_ value: Expression) -> Expression {
    stored.isFloat ? value : saturated(value, to: stored)
  }

  /// The number that no other is below.
  private var lowest: Expression {
    let type = ValueType(element)
    if element.isFloat { return .float(-.infinity, type) }
    return .integer(stored.integerRange?.lowerBound ?? 0, type)
  }

  /// The number that no other is above.
  private var highest: Expression {
    let type = ValueType(element)
    if element.isFloat { return .float(.infinity, type) }
    return .integer(stored == .u64 ? -1 : stored.integerRange?.upperBound ?? 0, type)
  }
}

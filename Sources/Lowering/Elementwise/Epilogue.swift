// SPDX-License-Identifier: Apache-2.0
public import GraphIR
public import LoopIR
import Tensors

/// The elementwise ops of a group, applied in a kernel to each number that leaves it. The operands
/// that the ops read besides become parameters of the kernel.
public struct Epilogue {
  /// The kernel's parameters for the operands.
  public private(set) var parameters: [TensorParameter] = []

  private let graph: Graph
  private let ops: [OpID]
  /// The dimension along which lanes run, and their number.
  private let laneDimension: Int
  private let lanes: Int
  private var operands: [ValueID: TensorParameter] = [:]
  private var slots: [SlotKey: TensorParameter] = [:]
  private var literals: [SlotKey: Double] = [:]

  private struct SlotKey: Hashable {
    let op: OpID
    let slot: Int
  }

  /// Prepares the operands of `ops`, a run of elementwise ops of which each reads the one before.
  ///
  /// - Parameters:
  ///   - laneDimension: the dimension along which the kernel's vectors run.
  ///   - lanes: the numbers in a vector.
  ///   - provided: values that the kernel itself provides (not loaded).
  ///   - staysInside: whether no vector reaches beyond the result's extent (as those of a last,
  ///     partly filled block do).
  init(
    _ ops: [OpID], laneDimension: Int, lanes: Int, provided: Set<ValueID>,
    staysInside: Bool = false, kernel: inout KernelBuilder, in context: inout LoweringContext
  ) {
    graph = context.graph
    self.ops = ops
    self.laneDimension = laneDimension
    self.lanes = lanes
    let inner = Set(ops.flatMap { context.graph.results(of: $0) }).union(provided)
    for op in ops {
      let result = context.graph.type(of: context.graph.results(of: op)[0]).shape
      for (slot, value) in context.graph.operands(of: op).enumerated() {
        guard let value, !inner.contains(value),
          let definition = context.graph.definition(of: op) as? any ElementwiseOp
        else { continue }
        if definition.prefersLiteral(slot: slot, of: context.graph.type(of: value).element),
          let number = context.graph.tensor(value)?.uniformValue, !(abs(number) > 0x1p53)
        {
          literals[SlotKey(op: op, slot: slot)] = number
          continue
        }
        let shape = context.graph.type(of: value).shape
        let dimension = Self.varyingDimension(
          of: definition, slot: slot, operand: shape, result: result, along: laneDimension)
        let view = Self.accessible(
          value, lanes: lanes, along: dimension, staysInside: staysInside, in: &context)
        let name = Self.parameterName(slot, of: definition)
        let parameter = kernel.input(name, view, mayAlias: shape == result)
        parameters.append(parameter)
        slots[SlotKey(op: op, slot: slot)] = parameter
      }
    }
  }

  /// The numbers at a position of the result, from the numbers that the kernel has computed there.
  ///
  /// - Parameters:
  ///   - values: what the kernel provides, by value of the graph; `lanes` numbers from the
  ///     position on.
  ///   - position: the coordinates of the first lane.
  ///   - lanes: the number of lanes, this epilogue's or 1.
  public func apply(
    _ values: [ValueID: Expression], at position: [Index], lanes: Int,
    kernel: inout KernelBuilder
  ) -> Expression {
    var known = values
    var last: Expression?
    for op in ops {
      guard let definition = graph.definition(of: op) as? any ElementwiseOp else { continue }
      let result = graph.results(of: op)[0]
      var operands: [Expression?] = []
      for (slot, value) in graph.operands(of: op).enumerated() {
        guard let value else {
          operands.append(nil)
          continue
        }
        if let expression = known[value] {
          operands.append(expression.splat(lanes))
        } else if let number = literals[SlotKey(op: op, slot: slot)] {
          let element = graph.type(of: value).element.computed
          operands.append(.constant(number, like: ValueType(element, lanes: lanes)))
        } else if let parameter = slots[SlotKey(op: op, slot: slot)] {
          let loaded = load(
            parameter, definition, slot: slot, at: position, lanes: lanes, kernel: kernel)
          operands.append(kernel.bind("x", loaded))
        } else {
          operands.append(nil)
        }
      }
      let expression = kernel.bind(
        "t", definition.expression(operands, result: graph.type(of: result), in: &kernel))
      known[result] = expression
      last = expression
    }
    return last ?? values.first?.value ?? .float(0, ValueType(.f32))
  }

  private func load(
    _ parameter: TensorParameter, _ definition: any ElementwiseOp, slot: Int,
    at position: [Index], lanes: Int, kernel: KernelBuilder
  ) -> Expression {
    let shape = parameter.layout.type.shape
    let result = Shape(position.map { _ in 1 }) ?? .scalar
    let dimension = Self.varyingDimension(
      of: definition, slot: slot, operand: shape, result: result, along: laneDimension)
    let coordinates = definition.coordinates(slot: slot, operand: shape, at: position)
    let own = dimension == nil ? 1 : lanes
    return kernel.load(parameter, coordinates, lanes: own).splat(lanes)
  }

  /// The dimension of an operand that moves with a dimension of the result, or nil if none does.
  static func varyingDimension(
    of definition: any ElementwiseOp, slot: Int, operand: Shape, result: Shape, along dimension: Int
  ) -> Int? {
    let probe = (0..<result.rank).map {
      $0 == dimension
        ? Index(LoopVariable(id: -1, name: "probe", range: 0...1)) : Index(0)
    }
    let coordinates = definition.coordinates(slot: slot, operand: operand, at: probe)
    return coordinates.firstIndex { $0.constantValue == nil }
  }

  /// A tensor whose elements can be read `lanes` at a time along a dimension: constants are packed
  /// for it, others copied if they do not lie so.
  static func accessible(
    _ value: ValueID, lanes: Int, along dimension: Int?, staysInside: Bool = false,
    in context: inout LoweringContext
  ) -> TensorView {
    let view = context.view(of: value)
    guard let dimension, lanes > 1, !view.layout.hasRuns(of: lanes, along: dimension) else {
      return view
    }
    if staysInside, view.layout.stride(along: dimension) == 1 { return view }
    let layout = BufferLayout.blocked(
      view.layout.type, dimension: dimension, factor: lanes)
    return context.packed(value, as: layout) ?? context.relayout(view, to: layout)
  }

  private static func parameterName(_ slot: Int, of definition: any ElementwiseOp) -> String {
    operandName(slot, of: definition)
  }

  private static func operandName<Op: OpDefinition>(_ slot: Int, of op: Op) -> String {
    let names = Array(Op.Operand.allCases)
    return slot < names.count ? "\(names[slot])" : "operand"
  }
}

extension LoweringContext {
  /// The elementwise tail of the present group, for a kernel whose vectors of `lanes` numbers run
  /// along `laneDimension` of the result.
  public mutating func epilogue(
    laneDimension: Int, lanes: Int, providing value: ValueID, staysInside: Bool = false,
    kernel: inout KernelBuilder
  ) -> Epilogue {
    Epilogue(
      tail, laneDimension: laneDimension, lanes: lanes, provided: [value],
      staysInside: staysInside, kernel: &kernel, in: &self)
  }
}

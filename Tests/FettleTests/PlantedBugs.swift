// SPDX-License-Identifier: Apache-2.0
import Fettle

/// Passes that are wrong on purpose: each breaks one op in the middle of the network, in a way in
/// which passes go wrong, and warns where.
enum PlantedBugs {
  static let passes: [any Pass.Type] = [
    WrongAxis.self, OffByOnePad.self, StaleConstant.self, SwappedOperands.self, LostBias.self,
    FoldAndForget.self, ReorderAndScale.self, Nudge.self, Refuse.self, Unsound.self,
    OtherOutput.self,
  ]

  /// Breaks the middle one of the ops of a kind that fit.
  static func plant<Op: OpDefinition>(
    _ kind: Op.Type, in graph: inout Graph, _ context: inout PassContext,
    where fits: (OpRef<Op>, Graph) -> Bool,
    _ edit: (OpRef<Op>, inout Rewriter) throws(TypeMismatch) -> Void
  ) throws(Failure) {
    let candidates = graph.opIDs.compactMap { graph.op($0, as: kind) }.filter { fits($0, graph) }
    guard !candidates.isEmpty else { return }
    let chosen = candidates[candidates.count / 2]
    let layers = graph.location(of: chosen.id).layers.map { "'\($0)'" }.joined(separator: ", ")
    context.warnings.append(Diagnostic("planted in \(Op.name) of \(layers)", severity: .warning))
    do throws(TypeMismatch) {
      try graph.rewrite { (rw) throws(TypeMismatch) in try edit(chosen, &rw) }
    } catch {
      throw Failure("cannot be planted: \(error)")
    }
  }

  /// The same op with another constant in a slot.
  static func exchange<Op: OpDefinition>(
    _ op: OpRef<Op>, _ slot: Op.Operand, for tensor: Tensor, _ rw: inout Rewriter
  ) {
    let constant = rw.addConstant(tensor)
    rw.setOperand(of: op.id, slot: slot.rawValue, to: constant)
  }

  static func scaled(_ tensor: Tensor, by factor: Double) -> Tensor {
    Tensor(tensor.type, rounding: tensor.doubles().map { $0 * factor })
  }
}

/// Weights with the axes of the kernel in the wrong order.
struct WrongAxis: Pass {
  static let name = "planted-wrong-axis"
  static let summary = "a bug"
  static let effect = NumericEffect.exact

  func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    try PlantedBugs.plant(Convolution.self, in: &graph, &context) { op, graph in
      guard let weight = graph.operand(op, .weight).flatMap({ graph.tensor($0) }) else {
        return false
      }
      return weight.shape.rank == 4 && weight.shape[2] > 1 && weight.shape[2] == weight.shape[3]
    } _: { (op, rw) throws(TypeMismatch) in
      guard let weight = rw.graph.operand(op, .weight).flatMap({ rw.graph.tensor($0) }) else {
        return
      }
      let (numbers, n) = (weight.doubles(), weight.shape[2])
      let turned = numbers.indices.map { i in numbers[i / (n * n) * n * n + i % n * n + i / n % n] }
      PlantedBugs.exchange(op, .weight, for: Tensor(weight.type, rounding: turned), &rw)
    }
  }
}

/// Padding one position too far to the front.
struct OffByOnePad: Pass {
  static let name = "planted-off-by-one-pad"
  static let summary = "a bug"
  static let effect = NumericEffect.exact

  func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    try PlantedBugs.plant(Convolution.self, in: &graph, &context) { op, _ in
      op.padding.count == 4 && op.padding[2] > 0
    } _: { (op, rw) throws(TypeMismatch) in
      var wrong = op.attributes
      wrong.padding[0] += 1
      wrong.padding[2] -= 1
      try rw.replace(op.id, with: wrong, rw.graph.operands(of: op.id))
    }
  }
}

/// Weights from before their last change.
struct StaleConstant: Pass {
  static let name = "planted-stale-constant"
  static let summary = "a bug"
  static let effect = NumericEffect.reassociates

  func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    try PlantedBugs.plant(Convolution.self, in: &graph, &context) { op, graph in
      graph.operand(op, .weight).flatMap { graph.tensor($0) } != nil
    } _: { (op, rw) throws(TypeMismatch) in
      guard let weight = rw.graph.operand(op, .weight).flatMap({ rw.graph.tensor($0) }) else {
        return
      }
      PlantedBugs.exchange(op, .weight, for: PlantedBugs.scaled(weight, by: 0.5), &rw)
    }
  }
}

/// The operands of a concatenation, or scale and shift of a normalisation, the wrong way round.
struct SwappedOperands: Pass {
  static let name = "planted-swapped-operands"
  static let summary = "a bug"
  static let effect = NumericEffect.exact

  func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    if graph.opIDs.contains(where: { graph.op($0, as: Concat.self) != nil }) {
      return try PlantedBugs.plant(Concat.self, in: &graph, &context) { op, graph in
        graph.operands(of: op.id).count > 1
      } _: { (op, rw) throws(TypeMismatch) in
        var operands = rw.graph.operands(of: op.id)
        operands.swapAt(0, 1)
        try rw.replace(op.id, with: op.attributes, operands)
      }
    }
    try PlantedBugs.plant(BatchNorm.self, in: &graph, &context) { _, _ in
      true
    } _: { (op, rw) throws(TypeMismatch) in
      var operands = rw.graph.operands(of: op.id)
      operands.swapAt(1, 2)
      try rw.replace(op.id, with: op.attributes, operands)
    }
  }
}

/// A bias that is not there any more.
struct LostBias: Pass {
  static let name = "planted-lost-bias"
  static let summary = "a bug"
  static let effect = NumericEffect.exact

  func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    try PlantedBugs.plant(Convolution.self, in: &graph, &context) { op, graph in
      graph.operand(op, .bias) != nil
    } _: { (op, rw) throws(TypeMismatch) in
      try rw.replace(op.id, with: op.attributes, Array(rw.graph.operands(of: op.id).prefix(2)))
    }
  }
}

/// Folds batch normalisations, and one of them wrongly: the fault is in an op made of two layers.
struct FoldAndForget: Pass {
  static let name = "planted-fold-and-forget"
  static let summary = "a bug"
  static let effect = NumericEffect.reassociates

  func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    try FoldBatchNorm().run(on: &graph, &context)
    try PlantedBugs.plant(Convolution.self, in: &graph, &context) { op, graph in
      graph.operand(op, .bias) != nil && graph.location(of: op.id).layers.count > 1
    } _: { (op, rw) throws(TypeMismatch) in
      try rw.replace(op.id, with: op.attributes, Array(rw.graph.operands(of: op.id).prefix(2)))
    }
  }
}

/// Puts activations behind the max pools behind them, which changes no output, and scales a
/// convolution, which does.
struct ReorderAndScale: Pass {
  static let name = "planted-reorder-and-scale"
  static let summary = "a bug"
  static let effect = NumericEffect.exact

  func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    do throws(TypeMismatch) {
      try graph.rewrite { (rw) throws(TypeMismatch) in
        for id in rw.graph.opIDs {
          guard let pool = rw.graph.op(id, as: Pool.self), pool.kind == .max,
            let input = rw.graph.operand(pool, .input),
            let relu = rw.graph.producer(of: input).flatMap({ rw.graph.op($0, as: Unary.self) }),
            rw.graph.hasSingleUse(input), let source = rw.graph.operands(of: relu.id)[0]
          else { continue }
          rw.insertionPoint = id
          let pooled = try rw.insert(
            pool.attributes, [source], location: rw.graph.location(of: id))[0]
          try rw.replace(
            id, with: relu.attributes, [pooled], location: rw.graph.location(of: relu.id))
          rw.erase(relu.id)
        }
      }
    } catch {
      throw Failure("cannot be planted: \(error)")
    }
    try StaleConstant().run(on: &graph, &context)
  }
}

/// Makes all biases a little larger: one such pass is within a tolerance, three are not.
struct Nudge: Pass {
  static let name = "planted-nudge"
  static let summary = "a bug"
  static let effect = NumericEffect.reassociates

  func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    graph.rewrite { rw in
      for id in rw.graph.opIDs {
        guard let op = rw.graph.op(id, as: MatrixMultiply.self),
          let weight = rw.graph.operand(op, .rhs).flatMap({ rw.graph.tensor($0) })
        else { continue }
        PlantedBugs.exchange(op, .rhs, for: PlantedBugs.scaled(weight, by: 1.004), &rw)
      }
    }
  }
}

/// Does not take softmax.
struct Refuse: Pass {
  static let name = "planted-refuse"
  static let summary = "a bug"
  static let effect = NumericEffect.exact

  func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    for op in graph.opIDs where graph.op(op, as: Softmax.self) != nil {
      throw Failure("there is no case for '\(graph.location(of: op).layers.joined())'")
    }
  }
}

/// Gives pools an operand of the wrong type.
struct Unsound: Pass {
  static let name = "planted-unsound"
  static let summary = "a bug"
  static let effect = NumericEffect.exact

  func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    graph.rewrite { rw in
      for id in rw.graph.opIDs where rw.graph.op(id, as: Pool.self) != nil {
        let scalar = rw.addConstant(Tensor(scalar: 1, .f32))
        rw.setOperand(of: id, slot: 0, to: scalar)
      }
    }
  }
}

/// Gives the first output another type.
struct OtherOutput: Pass {
  static let name = "planted-other-output"
  static let summary = "a bug"
  static let effect = NumericEffect.exact

  func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    do throws(TypeMismatch) {
      try graph.rewrite { (rw) throws(TypeMismatch) in
        let made = try rw.insert(Cast(to: .f64), [rw.graph.outputs[0].value], location: Location())
        rw.setOutput(0, to: made[0])
      }
    } catch {
      throw Failure("cannot be planted: \(error)")
    }
  }
}

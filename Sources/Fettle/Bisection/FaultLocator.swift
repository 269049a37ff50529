// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Finds the ops of a graph behind a pass from which an error starts: walks from the outputs that
/// are off back to values that agree with their counterparts before the pass. An error that does
/// not reach an output, as where a pass has moved ops past each other, is none.
struct FaultLocator {
  /// An op from which the error starts.
  struct Suspect {
    let op: OpID
    /// The result that is off.
    let value: ValueID
    let counterpart: ValueID
    let gap: TensorGap
  }

  /// Ops that are off while nothing in front of them is, in order.
  private(set) var suspects: [Suspect] = []
  /// Values on the way that have no counterpart, with the reason, in order.
  private(set) var incomparable: [(value: ValueID, reason: String)] = []
  /// How many values were compared.
  private(set) var comparisons = 0
  /// The values before the pass.
  let valuesBefore: SideTable<ValueRecord, Tensor?>
  private(set) var correspondence: ValueCorrespondence

  /// Looks for the ops.
  ///
  /// - Parameter outputs: the positions of the outputs that are off.
  init(
    before: Graph, after: Graph, outputs: [Int], inputs: [Tensor], by runner: TrialRunner,
    tolerance: BisectTolerance
  ) throws(Failure) {
    correspondence = ValueCorrespondence(before: before, after: after)
    valuesBefore = try runner.values(of: before, inputs)
    let valuesAfter = try runner.values(of: after, inputs)

    var gaps = SideTable<ValueRecord, (old: ValueID, gap: TensorGap)?>(default: nil)
    var reasons = SideTable<ValueRecord, String>(default: "")
    for op in after.opIDs {
      for (i, value) in after.results(of: op).enumerated() {
        switch correspondence.counterpart(of: i, op) {
        case .none(let reason): reasons[value] = reason
        case .value(let old):
          guard let expected = valuesBefore[old], let found = valuesAfter[value] else { continue }
          gaps[value] = (old, TensorGap(expected: expected, found: found))
          comparisons += 1
        }
      }
    }
    let reached = Self.walkBack(
      from: outputs.map { after.outputs[$0].value }, in: after,
      isGood: { value in gaps[value].map { tolerance.allows($0.gap) } ?? false })
    collect(after, reached, gaps, reasons, tolerance)
  }

  /// The ops on the way back from values, up to those that only make good values.
  private static func walkBack(
    from starts: [ValueID], in graph: Graph, isGood: (ValueID) -> Bool
  ) -> SideTable<OpRecord, Bool> {
    var reached = SideTable<OpRecord, Bool>(default: false)
    var open = starts
    while let value = open.popLast() {
      guard let op = graph.producer(of: value), !reached[op], !isGood(value) else { continue }
      reached[op] = true
      open += graph.operands(of: op).compactMap { $0 }
    }
    return reached
  }

  private mutating func collect(
    _ after: Graph, _ reached: SideTable<OpRecord, Bool>,
    _ gaps: SideTable<ValueRecord, (old: ValueID, gap: TensorGap)?>,
    _ reasons: SideTable<ValueRecord, String>, _ tolerance: BisectTolerance
  ) {
    // Whether an op, or one in front of it on the way, is off.
    var isBehindFault = SideTable<OpRecord, Bool>(default: false)
    for op in after.opIDs where reached[op] {
      let isBehind = after.operands(of: op).contains { operand in
        operand.flatMap { after.producer(of: $0) }.map { isBehindFault[$0] } ?? false
      }
      isBehindFault[op] = isBehind
      for value in after.results(of: op) {
        guard let (old, gap) = gaps[value] else {
          if !isBehind { incomparable.append((value, reasons[value])) }
          continue
        }
        guard !tolerance.allows(gap) else { continue }
        if !isBehind, !isBehindFault[op] {
          suspects.append(Suspect(op: op, value: value, counterpart: old, gap: gap))
        }
        isBehindFault[op] = true
      }
    }
  }
}

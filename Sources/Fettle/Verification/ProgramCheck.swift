// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// Emitted C against the evaluation of the graph that it was made of, input by input: the program as it
/// is emitted, and, if floats decide on integers in it, once more taken apart at these decisions, each
/// piece fed the evaluator's integers.
struct ProgramCheck {
  private let graph: Graph
  private let decisions: Decisions
  private let runner: any ModelRunner
  private let limit: Double
  /// The program as it is emitted.
  let whole: LoadedGraph
  private let pieces: (probe: PieceProbe, program: LoadedGraph)?

  private var sampleCount = 0
  /// The largest difference of floats, as a share of the largest of their tensor.
  private var worst = 0.0
  /// Elements that decisions made, and how many of them C made otherwise.
  private var decided = (count: 0, stepped: 0)
  /// Outputs after decisions: how far they were off, and how far they might have been.
  private var afterDecisions = (worst: 0.0, bound: 0.0)
  /// Outputs that only their pieces speak for.
  private var unbounded: [String] = []
  /// Outputs that are off by more than the share, but by no more than rounding on the way moves them by: how far, and by what.
  private var noisy: [String: (gap: Double, bound: Double)] = [:]
  /// Inputs on which both sides give NaN or infinities, though the input is finite.
  private var unsoundCount = 0

  /// A check of a graph's C.
  ///
  /// - Parameters:
  ///   - whole: makes the program, if it is not to be the one that the runner makes of the graph.
  ///   - limit: how far floats may be off, as a share of the largest of their tensor.
  init(
    _ graph: Graph, by runner: any ModelRunner, limit: Double, whole: LoadedGraph.Maker? = nil
  ) throws(Failure) {
    self.graph = graph
    self.runner = runner
    self.limit = limit
    decisions = Decisions(graph)
    var makers = [whole ?? LoadedGraph.maker(graph, runner)]
    guard !decisions.ops.isEmpty else {
      self.whole = try makers[0]().get()
      pieces = nil
      return
    }
    let probe = PieceProbe(graph, decisions)
    makers.append(LoadedGraph.maker(probe.graph, runner))
    let programs = try LoadedGraph.all(makers)
    self.whole = programs[0]
    pieces = (probe, programs[1])
  }

  /// What the evaluator makes of an input, one tensor for each port, and allows C to make.
  ///
  /// - Throws: if the graph has no meaning for the input, as with an index outside of its axis.
  func reference(_ inputs: [Tensor]) throws(Failure) -> PieceReference {
    try PieceReference(graph, decisions, inputs, share: limit)
  }

  /// Compares on one input, and returns what the program made of it.
  ///
  /// - Parameter title: what the input is called in messages.
  /// - Throws: a failure of status 4 that names the first layer which differs, if C differs by more than
  ///   is allowed.
  @discardableResult
  mutating func compare(
    _ inputs: [Tensor], _ reference: PieceReference, _ title: String
  ) throws(Failure) -> [Tensor] {
    var comparison = WholeComparison(graph, decisions, inputs, reference, limit: limit)
    try comparePieces(inputs, reference, title, &comparison.noise)
    let found = try whole.compute(inputs)
    guard found.count == reference.outputs.count else {
      throw Failure("\(found.count) outputs in place of \(reference.outputs.count)")
    }
    for (i, port) in graph.outputs.enumerated() {
      let gap = TensorGap(expected: reference.outputs[i], found: found[i])
      let isFloat = reference.outputs[i].element.isFloat
      if decisions.isAfterDecision(port.value), gap.absolute == 0 || isFloat && gap.relative <= limit {
        afterDecisions.worst = max(afterDecisions.worst, gap.relative)
        continue
      }
      switch try comparison.verdict(on: i, found[i]) {
      case .within(let bound): enter(gap, bound, port)
      case .noise(let distance): enter(gap, noise: distance, port)
      case .wrong(let bound):
        throw try failure(
          "output '\(port.name)' differs \(gap.text), \(bound.text)", at: port.value, inputs, title)
      }
    }
    let isSound = reference.outputs.allSatisfy(\.isFinite) || !inputs.allSatisfy(\.isFinite)
    if !isSound { unsoundCount += 1 }
    sampleCount += 1
    return found
  }

  private mutating func enter(_ gap: TensorGap, _ bound: OutputBound, _ port: OutputPort) {
    switch bound {
    case .exact, .decision: break
    case .share: worst = max(worst, gap.relative)
    case .absolute(let distance):
      let unit = max(gap.scale, .leastNormalMagnitude)
      afterDecisions = (max(afterDecisions.worst, gap.relative), max(afterDecisions.bound, distance / unit))
    case .none: if !unbounded.contains(port.name) { unbounded.append(port.name) }
    }
  }

  private mutating func enter(_ gap: TensorGap, noise distance: Double, _ port: OutputPort) {
    if gap.absolute > noisy[port.name]?.gap ?? 0 { noisy[port.name] = (gap.absolute, distance) }
  }

  private mutating func comparePieces(
    _ inputs: [Tensor], _ reference: PieceReference, _ title: String, _ noise: inout MeasuredNoise
  ) throws(Failure) {
    guard let pieces else { return }
    var integers = SideTable<ValueRecord, Tensor?>(default: nil)
    for (value, allowance) in reference.allowances { integers[value] = allowance.expected }
    let found = try pieces.program.compute(inputs + pieces.probe.fed.compactMap { integers[$0] })
    let shown = found.dropFirst(graph.outputs.count)
    var allowances = reference.allowances
    if zip(allowances, shown).contains(where: { $0.allowance.judge($1).fault != nil }) {
      // What cancels may be off by more than its share.
      let measured = try noise.measure()
      allowances = try PieceReference(graph, decisions, inputs, share: limit, noise: measured).allowances
    }
    for (known, tensor) in zip(allowances, shown) {
      let judgement = known.allowance.judge(tensor)
      decided.count += tensor.count
      decided.stepped += judgement.stepped
      guard let fault = judgement.fault else { continue }
      throw try failure(
        "\(OpText.value(known.value, in: graph)) is \(Self.text(fault.found)) in place of "
          + "\(Self.text(fault.expected)) at element \(fault.position), and what is rounded there is not "
          + "within \(limit) of the largest of the middle",
        at: known.value, inputs, title)
    }
    // Fed the evaluator's integers, the outputs are as exact as what leads to them; decided values were judged above.
    let judged = Set(reference.allowances.map(\.value))
    for (i, port) in graph.outputs.enumerated() where !judged.contains(port.value) {
      let gap = TensorGap(expected: reference.outputs[i], found: found[i])
      let allowed = decisions.tolerance(of: port.value, limit: limit)
      if gap.relative > allowed {
        let isNoise = try noise.explains(gap, at: port.value)
        if isNoise {
          enter(gap, noise: try noise.measure().distance(of: port.value), port)
          continue
        }
      }
      worst = max(worst, gap.relative)
      guard gap.relative <= allowed else {
        let bound = allowed == 0 ? "though no float is summed on the way" : "more than \(limit) of the largest"
        throw try failure("output '\(port.name)' differs \(gap.text), \(bound)", at: port.value, inputs, title)
      }
    }
  }

  private static func text(_ number: Double) -> String {
    number == number.rounded() ? NumberText.fixed(number, 0) : "\(Float(number))"
  }

  private func failure(
    _ message: String, at value: ValueID, _ inputs: [Tensor], _ title: String
  ) throws(Failure) -> Failure {
    let search = LayerSearch(graph, decisions, by: runner, limit: limit)
    return Failure(
      "the emitted C does not compute what its graph does: \(message) (\(title))",
      notes: try search.notes(inputs, for: value), kind: .budget)
  }

  /// What was found, in lines.
  ///
  /// - Parameter title: what the inputs are called.
  func lines(_ title: String = "samples") -> [String] {
    guard sampleCount > 0 else { return [] }
    var lines: [String] = []
    if decisions.ops.isEmpty {
      lines.append("\(sampleCount) \(title) agree to \(Float(worst)) of the largest value")
    } else {
      let (count, stepped) = (NumberText.grouped(decided.count), NumberText.grouped(decided.stepped))
      lines.append(
        "\(sampleCount) \(title) agree piece by piece: \(stepped) of \(count) values that floats are rounded "
          + "to are a step off, all within \(limit) of the largest of a middle, and floats agree to "
          + "\(Float(worst)) of the largest value")
      let excuse =
        afterDecisions.bound > 0 ? ", where rounding the other way may move them by \(Float(afterDecisions.bound))" : ""
      lines.append("the outputs of the whole agree to \(Float(afterDecisions.worst)) of the largest value\(excuse)")
    }
    for (name, (gap, bound)) in noisy.sorted(by: { $0.key < $1.key }) {
      lines.append(
        "output '\(name)' is off by \(Float(gap)), where the rounding of floats on the way, some of which cancel, may move "
          + "it by \(Float(bound))")
    }
    if !unbounded.isEmpty {
      let names = unbounded.map { "'\($0)'" }.joined(separator: ", ")
      lines.append("of the whole, \(names) is not compared: a position after values that are rounded")
    }
    if unsoundCount > 0 {
      lines.append(Self.unsoundText(unsoundCount, of: sampleCount))
    }
    return lines
  }

  /// What is said of outputs that nothing is shown by.
  static func unsoundText(_ count: Int, of samples: Int) -> String {
    "outputs of \(count) of \(samples) finite inputs hold NaN or infinities on both sides, which says "
      + "nothing of what C computes there"
  }
}

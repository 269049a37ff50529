// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Evaluation
import GraphIR
import Rewriting
import Tensors

/// `fettle verify`: two forms of a model against each other.
struct VerifyCommand: Command {
  static let name = "verify"
  static let summary = "compare a model's evaluation with its emitted C, or with another model"
  static let usage = "MODEL [OTHER] [--data FILE.npz]"
  static let tolerance = CommandOption<Double>(
    "--tolerance", real: "SHARE",
    help: "how far outputs may be apart, as a share of the largest (default 1e-4)")
  static let seeds = CommandOption<Int>(
    "--samples", number: "N", minimum: 1, help: "samples compared (default 4 made-up ones, or all data)")
  static let scale = CommandOption<Double>(
    "--input-scale", real: "NUMBER", help: "the deviation of made-up inputs (default 1)")
  static let options =
    [tolerance.untyped, seeds.untyped, scale.untyped]
    + PipelineOptions.all + PassSamples.options + RunnerOptions.all + ModelOptions.all

  func run(_ arguments: Arguments, _ session: Session) throws(Failure) {
    guard let first = arguments.positional.first, arguments.positional.count <= 2 else {
      throw Failure("one or two models are taken", kind: .usage)
    }
    let reference = try Model.load(first, arguments, session).graph
    var other = reference
    if let second = arguments.positional[safe: 1] {
      other = try Model.load(second, arguments, session).graph
    }
    let pipeline = try PipelineOptions.pipeline(arguments, session)
    try PassRun.run(
      pipeline, on: &other, try PassSamples(arguments, for: other), arguments, session)
    let samples = try self.samples(arguments, reference)
    let runner = try RunnerOptions.runner(arguments, session)
    let limit = try arguments[Self.tolerance] ?? 1e-4
    try compare(reference, other, on: samples, by: runner, limit: limit, session)
  }

  private func samples(_ arguments: Arguments, _ graph: Graph) throws(Failure) -> Samples {
    let count = try arguments[Self.seeds]
    if let data = try DataSet.load(arguments, for: graph) {
      let samples = data.samples
      return Samples(count: min(count ?? samples.count, samples.count), load: samples.load)
    }
    let scale = try arguments[Self.scale] ?? 1
    return Samples(count: count ?? 4) { (i) throws(Failure) in
      try SeededInputs.tensors(for: graph, seed: UInt64(i) + 1, scale: scale)
    }
  }

  private func compare(
    _ reference: Graph, _ other: Graph, on samples: Samples, by runner: any ModelRunner,
    limit: Double, _ session: Session
  ) throws(Failure) {
    let compute = try runner.prepare(other)
    let progress = session.progress()
    progress.begin("verify", total: samples.count)
    defer { progress.end() }
    var worst = 0.0
    for i in 0..<samples.count {
      let inputs = try samples.load(i)
      let expected = try Evaluator(reference).run(inputs)
      let found = try compute(inputs)
      guard expected.count == found.count else {
        throw Failure("\(found.count) outputs in place of \(expected.count)")
      }
      for (port, pair) in zip(reference.outputs, zip(expected, found)) {
        let gap = TensorGap(expected: pair.0, found: pair.1)
        worst = max(worst, gap.relative)
        guard gap.relative <= limit else {
          let layer = try FirstDifference.find(reference, other, inputs, by: runner, limit: limit)
          throw Failure(
            "output '\(port.name)' differs \(gap.text), more than \(limit) of the largest (sample \(i))",
            notes: layer.map { [$0] } ?? [], kind: .budget)
        }
      }
      progress.step()
    }
    try session.output("\(samples.count) samples agree to \(Float(worst)) of the largest value\n")
  }
}

/// The first tensor, in the order of a graph, that two runs disagree on.
enum FirstDifference {
  /// A sentence that names the first differing tensor which both graphs know by the same name, or nil if none is found.
  static func find(
    _ reference: Graph, _ other: Graph, _ inputs: [Tensor], by runner: any ModelRunner, limit: Double
  ) throws(Failure) -> String? {
    var expected: [String: Tensor] = [:]
    _ = try Evaluator(reference).run(inputs) { (value, tensor) throws(Failure) in
      let name = reference.name(of: value)
      if !name.isEmpty { expected[name] = tensor }
    }
    // All named tensors of the other graph become its outputs, so that compiled code shows them too.
    var probe = other
    let known = other.opIDs.flatMap { other.results(of: $0) }.filter { value in
      expected[other.name(of: value)]?.type == other.type(of: value)
    }
    probe.rewrite { rw in
      for value in known { rw.addOutput(name: other.name(of: value), value: value) }
    }
    let found = try runner.prepare(probe)(inputs).dropFirst(other.outputs.count)
    for (value, tensor) in zip(known, found) {
      guard let wanted = expected[other.name(of: value)] else { continue }
      let gap = TensorGap(expected: wanted, found: tensor)
      guard gap.relative > limit else { continue }
      let layers = other.producer(of: value).map { other.location(of: $0).layers } ?? []
      let by = layers.isEmpty ? "" : ", made by layer " + layers.map { "'\($0)'" }.joined(separator: ", ")
      return "the first tensor that differs is '\(other.name(of: value))' \(gap.text)\(by)"
    }
    return nil
  }
}

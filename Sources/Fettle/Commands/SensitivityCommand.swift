// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Passes
import Rewriting

/// `fettle sensitivity`: what each layer costs when it alone is quantized.
struct SensitivityCommand: Command {
  static let name = "sensitivity"
  static let summary =
    "quantize each layer alone, the others in float: what that does to outputs and accuracy"
  static let usage =
    "MODEL --data FILE.npz [--widths LIST] [-p PIPELINE] [--svg FILE.svg] [--json]"
  static let widths = CommandOption<[QuantizationWidths]>(
    "--widths", value: "A/W,…",
    help: "the types that are tried, of activations and of weights (default i8/i8,i16/i8,i8/i4)",
    parse: { (text) throws(Failure) in try QuantizationWidths.list(text) })
  static let json = CommandOption<Bool>("--json", help: "the table as JSON")
  static let svg = CommandOption<String>("--svg", text: "FILE.svg", help: "draw the table")
  static let options =
    [widths.untyped, svg.untyped, json.untyped] + PipelineOptions.all + PassSamples.options
    + [RunnerOptions.interpret.untyped] + ModelOptions.all

  func run(_ arguments: Arguments, _ session: Session) throws(Failure) {
    try OutputCheck.run(arguments)
    var model = try Model.load(try arguments.single("model"), arguments, session)
    let (front, pass) = try passes(arguments, session)
    let samples = try PassSamples(arguments, for: model.graph)
    guard let data = samples.other else {
      throw Failure("the data are missing: --data FILE.npz", kind: .usage)
    }
    try data.checkLabels(for: model.graph)
    let widths = try arguments[Self.widths] ?? QuantizationWidths.usual
    try PassRun.run(front, on: &model.graph, samples, arguments, session)
    let progress = session.progress()
    let quantize = Pipeline([pass])
    var context = try samples.context(
      for: quantize, on: model.graph, arguments, session, progress)
    try quantize.check(on: model.graph, context)
    progress.begin("calibrate")
    let layers = try QuantizationSensitivity(of: model.graph, pass, &context)
    progress.end()
    session.warn(context.warnings)
    try CalibrationOptions.finish(context, arguments)
    let report = try SensitivityReport(
      of: layers, graph: model.graph, name: model.name, widths: widths, data,
      by: try RunnerOptions.trialRunner(
        like: model.graph, sampleCount: data.samples.count, arguments, session), progress)
    // The table first: it would be lost if the picture could not be written.
    let picture = try arguments[Self.svg]
    if picture != "-" {
      try session.output(arguments.has(Self.json) ? report.json.pretty + "\n" : report.text)
    }
    if let picture { try session.write(SensitivityPicture(report).svg, to: picture) }
  }

  /// The passes in front of `quantize`, and that pass; what stands behind it is not run.
  private func passes(
    _ arguments: Arguments, _ session: Session
  ) throws(Failure) -> (front: Pipeline, pass: QuantizeModel) {
    let pipeline = try PipelineOptions.pipeline(
      arguments, session, default: try PipelineOptions.parse("quantize-int8", session))
    for (position, pass) in pipeline.passes.enumerated() {
      guard var pass = pass as? QuantizeModel else { continue }
      pass.maxDrop = .infinity
      return (Pipeline(Array(pipeline.passes[..<position])), pass)
    }
    throw Failure(
      "the pipeline has no pass 'quantize', which says how layers are quantized", kind: .usage)
  }
}

/// The types of activations and of weights.
struct QuantizationWidths: Sendable {
  let activations: ActivationElement
  let weights: WeightElement

  /// `i8/i4`.
  var text: String { "\(activations.rawValue)/\(weights.rawValue)" }

  static let usual = [
    QuantizationWidths(activations: .i8, weights: .i8),
    QuantizationWidths(activations: .i16, weights: .i8),
    QuantizationWidths(activations: .i8, weights: .i4),
  ]

  /// Reads a list such as `i8/i8,i16/i4`.
  static func list(_ text: String) throws(Failure) -> [QuantizationWidths] {
    var list: [QuantizationWidths] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let words = part.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      guard words.count == 2, let activations = ActivationElement(rawValue: words[0]),
        let weights = WeightElement(rawValue: words[1])
      else {
        throw Failure(
          "'\(part)' are no widths",
          notes: [
            "written as in i8/i4: activations \(ActivationElement.form), weights \(WeightElement.form)"
          ])
      }
      let widths = QuantizationWidths(activations: activations, weights: weights)
      guard !list.contains(where: { $0.text == widths.text }) else {
        throw Failure("'\(part)' is given twice")
      }
      list.append(widths)
    }
    return list
  }
}

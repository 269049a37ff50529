// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import LoopIR
import Lowering
import Passes
import Rewriting
import Targets
import Tensors

/// `fettle analyze`: what a model costs on a device.
struct AnalyzeCommand: Command {
  static let name = "analyze"
  static let summary = "tell a model's sizes by layer, its arena, and whether it fits a device"
  static let usage = "MODEL [-t TARGET] [--flash SIZE] [--ram SIZE]"
  static let flash = CommandOption<Int>(
    "--flash", number: "SIZE", help: "the flash that weights may take, as in 256K")
  static let ram = CommandOption<Int>("--ram", number: "SIZE", help: "the RAM that the arena and the ports may take")
  static let json = CommandOption<Bool>("--json", help: "the report as JSON")
  static let svg = CommandOption<String>("--svg", text: "FILE", help: "a picture of the arena over time")
  static let options =
    [
      flash.untyped, ram.untyped, json.untyped, svg.untyped,
      TargetOptions.target.untyped, EmissionChoices.name.untyped,
    ] + PipelineOptions.compiled + PassSamples.options + ModelOptions.all

  func run(_ arguments: Arguments, _ session: Session) throws(Failure) {
    try OutputCheck.run(arguments)
    var model = try Model.load(try arguments.single("model"), arguments, session)
    let pipeline = try PipelineOptions.compiledPipeline(of: model.graph, arguments, session)
    let target = try TargetOptions.target(arguments, session, default: "c99")
    try PassRun.run(
      pipeline, on: &model.graph, for: target, try PassSamples(arguments, for: model.graph),
      arguments, session)
    FloatEmulation.tell(of: model.graph, from: model.path, after: pipeline, arguments, session)
    let job = try EmissionJob(
      model.graph, target: target, name: model.name, pipeline: pipeline.text, digest: model.digest,
      arguments, session)
    let report = ProgramReport(job.lowered, graph: model.graph, target: target)
    if let path = try arguments[Self.svg] {
      try Platform.writeFile(path, ArenaPicture(report).svg)
    }
    let verdict = MemoryVerdict(
      report, flash: try arguments[Self.flash] ?? target.flashBytes,
      ram: try arguments[Self.ram] ?? target.ramBytes)
    if arguments.has(Self.json) {
      let json = JSONValue.object((report.json.members ?? []) + verdict.members)
      try session.output(json.pretty + "\n")
    } else {
      try session.output(report.text + verdict.text)
    }
    let isFlashAsked = try arguments[Self.flash] != nil
    let isRamAsked = try arguments[Self.ram] != nil
    if !verdict.fits, isFlashAsked || isRamAsked {
      throw Failure("the model does not fit: \(verdict.reasons.joined(separator: ", "))", kind: .budget)
    }
  }
}

/// Whether a program fits memories.
struct MemoryVerdict {
  /// What does not fit.
  let reasons: [String]
  /// The verdict for programs: the limits, and whether they hold.
  let members: [JSONValue.Member]
  private let lines: [String]

  init(_ report: ProgramReport, flash: Int?, ram: Int?) {
    var reasons: [String] = []
    var lines: [String] = []
    func judge(_ what: String, _ used: Int, _ limit: Int?) {
      guard let limit else { return }
      let share = NumberText.fixed(Double(used) / Double(max(limit, 1)) * 100, 1)
      let verdict = used <= limit ? "fits" : "DOES NOT FIT"
      lines.append(
        "\(what): \(NumberText.grouped(used)) of \(NumberText.grouped(limit)) B (\(share) %): \(verdict)")
      if used > limit { reasons.append("\(what) \(NumberText.grouped(used)) B > \(NumberText.grouped(limit)) B") }
    }
    judge("flash (weights, without code)", report.flashBytes, flash)
    judge("RAM (arena and ports, without stack)", report.arenaBytes + report.portBytes, ram)
    self.reasons = reasons
    self.lines = lines
    members = [
      .init("flash_limit", flash.map(JSONValue.integer) ?? .null),
      .init("ram_limit", ram.map(JSONValue.integer) ?? .null),
      .init("fits", .bool(reasons.isEmpty)),
    ]
  }

  /// Whether everything that was asked for fits.
  var fits: Bool { reasons.isEmpty }
  /// A line for each memory.
  var text: String { lines.isEmpty ? "" : "\n" + lines.map { $0 + "\n" }.joined() }
}

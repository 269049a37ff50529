// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// `fettle run`: a model on arrays.
struct RunCommand: Command {
  static let name = "run"
  static let summary = "run a model on .npy inputs, by compiled C or by the evaluator"
  static let usage = "MODEL INPUT.npy ... -o FOLDER | --batch LIST.json"
  static let batch = CommandOption<String>(
    "--batch", text: "LIST.json",
    help: "many runs: [{\"model\": …, \"inputs\": […], \"outdir\": …}, …]; each writes OUTDIR/status")
  static let output = CommandOption<String>(
    "-o", "--output", text: "FOLDER", help: "where the outputs go: output_0.npy, output_1.npy, …")
  static let options =
    [batch.untyped, output.untyped] + PipelineOptions.all + PassSamples.options
    + RunnerOptions.all + ModelOptions.all

  func run(_ arguments: Arguments, _ session: Session) throws(Failure) {
    if let list = try arguments[Self.batch] {
      guard arguments.positional.isEmpty else {
        throw Failure("--batch takes models and inputs from its list", kind: .usage)
      }
      return try runBatch(list, arguments, session)
    }
    guard let model = arguments.positional.first else {
      throw Failure("model is missing", kind: .usage)
    }
    guard let folder = try arguments[Self.output], folder != "-" else {
      throw Failure("where the outputs go is missing: -o FOLDER", kind: .usage)
    }
    let entry = BatchEntry(
      model: model, inputs: Array(arguments.positional.dropFirst()), folder: folder)
    try run(entry, arguments, session)
  }

  private func run(
    _ entry: BatchEntry, _ arguments: Arguments, _ session: Session
  ) throws(Failure) {
    try OutputCheck.run(arguments, folder: entry.folder)
    var model = try Model.load(entry.model, arguments, session)
    let pipeline = try PipelineOptions.pipeline(arguments, session)
    try PassRun.run(
      pipeline, on: &model.graph, try PassSamples(arguments, for: model.graph), arguments, session)
    let graph = model.graph
    FloatEmulation.tell(of: graph, from: entry.model, after: pipeline, arguments, session)
    guard entry.inputs.count == graph.inputs.count else {
      let names = graph.inputs.map { "'\($0.name)' \(graph.type(of: $0.value))" }
      throw Failure(
        "\(entry.inputs.count) inputs given, the model has \(graph.inputs.count)",
        at: Origin(file: entry.model),
        notes: names.isEmpty ? [] : ["inputs: " + names.joined(separator: ", ")])
    }
    var inputs: [Tensor] = []
    for (path, port) in zip(entry.inputs, graph.inputs) {
      inputs.append(
        try PortTensors.read(path, for: graph.type(of: port.value), named: port.name))
    }
    let outputs: [Tensor]
    do throws(Failure) {
      outputs = try RunnerOptions.runner(arguments, session).prepare(graph)(inputs)
    } catch {
      throw error.located(file: entry.model)
    }
    try Platform.createDirectory(entry.folder)
    var files = OutputSet()
    for (i, tensor) in outputs.enumerated() {
      files.add(Paths.join(entry.folder, "output_\(i).npy"), PortTensors.encode(tensor))
    }
    try files.commit()
  }

  /// Runs the entries of a list one after the other; what happens to one does not stop the next.
  private func runBatch(
    _ path: String, _ arguments: Arguments, _ session: Session
  ) throws(Failure) {
    let entries = try BatchEntry.list(path)
    let progress = session.progress()
    progress.begin("run", total: entries.count)
    for entry in entries {
      var status = "0"
      do throws(Failure) {
        try run(entry, arguments, session)
      } catch {
        let lines = error.description.split(separator: "\n")
        let line = (error.kind == .unsupported ? lines.last : lines.first) ?? ""
        status = "\(error.kind.rawValue) \(line)"
      }
      try Platform.createDirectory(entry.folder)
      try Platform.writeFile(Paths.join(entry.folder, "status"), status)
      progress.step()
    }
    progress.end()
  }
}

/// One run of a batch.
private struct BatchEntry {
  let model: String
  let inputs: [String]
  let folder: String

  /// The entries of a list file.
  static func list(_ path: String) throws(Failure) -> [BatchEntry] {
    let json = try JSONValue.parse(try Platform.readText(path), file: path)
    guard let items = json.elements else {
      throw Failure("a batch is a JSON array", at: Origin(file: path))
    }
    var entries: [BatchEntry] = []
    for (i, item) in items.enumerated() {
      let inputs = item["inputs"]?.elements?.map(\.text) ?? [nil]
      guard let model = item["model"]?.text, let folder = item["outdir"]?.text,
        !inputs.contains(nil)
      else {
        throw Failure(
          "entry \(i) is not of the form {\"model\": …, \"inputs\": […], \"outdir\": …}",
          at: Origin(file: path))
      }
      entries.append(
        BatchEntry(model: model, inputs: inputs.compactMap { $0 }, folder: folder))
    }
    return entries
  }
}

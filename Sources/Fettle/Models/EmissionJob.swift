// SPDX-License-Identifier: Apache-2.0
public import CEmission
public import CompilerSupport
import GraphIR
import LoopIR
import Lowering
import Targets
import Tensors

/// The options by which commands choose what is emitted.
enum EmissionChoices {
  static let name = CommandOption<String>(
    "--name", text: "NAME", help: "what files and functions are named by (default: the model's file)")
  static let weights = CommandOption<WeightStorage>(
    "--weights", word: "FORM", help: "how weights are written")
  static let singleFile = CommandOption<Bool>(
    "--single-file", help: "one C file with 'entry(inputs…, outputs…)' over a static arena")
  static let profile = CommandOption<Bool>(
    "--with-profile", help: "a hook before each layer: NAME_PROFILE(step, \"layer\")")
  static let test = CommandOption<Int>(
    "--with-test", number: "N", minimum: 1, help: "NAME_test.c with N golden vectors")

  static let all = [
    name.untyped, weights.untyped, singleFile.untyped, profile.untyped, test.untyped,
  ] + PortOptions.all
}

extension WeightStorage: AttributeWord {}

/// A graph on its way to C files.
struct EmissionJob {
  let graph: Graph
  let target: Target
  let lowered: Lowered
  var options: EmissionOptions

  /// Lowers a graph for a target.
  init(
    _ graph: Graph, target: Target, name: String, pipeline: String, digest: String, _ arguments: Arguments,
    _ session: Session
  ) throws(Failure) {
    self.graph = graph
    self.target = target
    lowered = try Lowerer(target: target, table: session.toolkit.lowerings, keepFault: FaultKeeper.keep)
      .lower(graph, name: try arguments[EmissionChoices.name] ?? name)
    options = EmissionOptions(target: target)
    options.toolVersion = Driver.version
    options.modelDigest = digest
    options.pipeline = pipeline
    options.weights = try arguments[EmissionChoices.weights] ?? .automatic
    options.singleFile = arguments.has(EmissionChoices.singleFile)
    options.profile = arguments.has(EmissionChoices.profile)
  }

  /// The C files, with the report in front of the header.
  func files() throws(Failure) -> [EmittedFile] {
    var files = try CEmitter.emit(lowered.program, options)
    let name = CEmitter.baseName(lowered.program)
    let report = ProgramReport(lowered, graph: graph, target: target)
    let texts = [
      EmittedFile(name: name + "_report.txt", contents: Bytes(report.text.utf8)),
      EmittedFile(name: name + "_report.json", contents: Bytes((report.json.pretty + "\n").utf8)),
    ]
    files.insert(contentsOf: texts, at: max(files.count - 1, 0))
    return files
  }

  /// Writes the files to a folder, all or none, the header last; returns their paths.
  static func write(_ files: [EmittedFile], to folder: String) throws(Failure) -> [String] {
    try Platform.createDirectory(folder)
    var set = OutputSet()
    for file in files { set.add(Paths.join(folder, file.name), parts: file.parts) }
    try set.commit()
    return set.paths
  }

  /// The command that compiles the files for the target.
  func compileLine(_ files: [EmittedFile], folder: String) -> String {
    let name = CEmitter.baseName(lowered.program)
    let sources = files.map(\.name).filter {
      ["c", "s"].contains(Paths.ending(of: $0)) && $0 != name + "_test.c"
    }
    let words = target.compileCommand + ["-c"] + sources
    return "(cd \(folder) && \(words.joined(separator: " ")))"
  }
}

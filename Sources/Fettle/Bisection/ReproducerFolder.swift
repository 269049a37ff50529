// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Passes
import Rewriting

/// A reproducer on disk: `reproducer.fettle`, its inputs, the rules and plug-ins of its passes, and
/// `command.sh`, which shows what it shows.
struct ReproducerFolder {
  let path: String
  private let trial: PassTrial
  private let session: Session
  private let runnerWords: [String]

  /// A folder that is still to be made.
  ///
  /// - Throws: if something is there already.
  init(
    _ path: String, _ trial: PassTrial, _ runner: TrialRunner, _ session: Session
  ) throws(Failure) {
    let isEmpty =
      Platform.isDirectory(path) ? try Platform.entries(of: path).isEmpty : !Platform.exists(path)
    guard isEmpty else {
      throw Failure(
        "is there already, and reproducers replace nothing", at: Origin(file: path),
        notes: ["name another folder by -o, or write none by --no-reproducer"], kind: .usage)
    }
    self.path = path
    self.trial = trial
    self.session = session
    runnerWords = runner.words
  }

  /// Writes a reproducer and runs its command; nothing is left of it if that does not show what it
  /// should.
  ///
  /// - Returns: whether the reproducer was written.
  func write(_ reproducer: Reproducer, title: String) throws(Failure) -> Bool {
    let isNew = !Platform.exists(path)
    try Platform.createDirectory(path)
    var files = OutputSet()
    for (i, tensor) in reproducer.inputs.enumerated() {
      files.add(Paths.join(path, "input_\(i).npy"), PortTensors.encode(tensor))
    }
    for file in companions(reproducer) {
      files.add(Paths.join(path, file.name), try Platform.mapFile(file.path))
    }
    files.add(Paths.join(path, "command.sh"), script(reproducer, title))
    try GraphFile.add(reproducer.graph, Paths.join(path, "reproducer.fettle"), to: &files)
    try files.commit()
    if try status(of: words(reproducer, in: path)) == Failure.Kind.budget.rawValue { return true }
    for file in files.paths { try Platform.removeTree(file) }
    if isNew { try Platform.removeTree(path) }
    return false
  }

  /// The words behind `fettle`.
  private func words(_ reproducer: Reproducer, in folder: String) -> [String] {
    var words = ["bisect", Paths.join(folder, "reproducer.fettle")]
    words += reproducer.inputs.indices.map { Paths.join(folder, "input_\($0).npy") }
    let names = Dictionary(
      companions(reproducer).map { ($0.path, Paths.join(folder, $0.name)) },
      uniquingKeysWith: { first, _ in first })
    var pipeline = reproducer.pipeline
    for (position, pass) in pipeline.passes.enumerated() {
      guard let rules = pass as? ApplyRules, let path = names[rules.file] else { continue }
      pipeline.passes[position] = ApplyRules(file: path)
    }
    words += ["-p", pipeline.text, "--no-reproducer"]
    if let tolerance = reproducer.tolerance { words += ["--tolerance", tolerance.text] }
    return words + trial.timeoutWords + runnerWords + trial.pluginWords.map { names[$0] ?? $0 }
  }

  /// The files of rules and the plug-ins that the passes come from, and what they are called in the
  /// folder.
  private func companions(_ reproducer: Reproducer) -> [(path: String, name: String)] {
    let rules = reproducer.pipeline.passes.compactMap { ($0 as? ApplyRules)?.file }
    let words = trial.pluginWords
    let plugins = words.indices.filter { $0 > 0 && words[$0 - 1] == "--load" }.map { words[$0] }
    var found: [(path: String, name: String)] = []
    for path in rules + plugins where !found.contains(where: { $0.path == path }) {
      let name = Paths.name(of: path)
      let isTaken = found.contains { $0.name == name }
      found.append((path, isTaken ? "\(found.count)-\(name)" : name))
    }
    return found
  }

  private func script(_ reproducer: Reproducer, _ title: String) -> String {
    let words = words(reproducer, in: ".").map { Shell.quoted($0) }.joined(separator: " ")
    let lines = title.split(separator: "\n").map { "# \($0)\n" }.joined()
    return """
      #!/bin/sh
      \(lines)# Ends with status 4 as long as that is so.
      cd "$(dirname "$0")" && exec "${FETTLE:-fettle}" \(words)

      """
  }

  private func status(of words: [String]) throws(Failure) -> Int32? {
    if trial.isIsolated { return try ChildRun(words, session).run(catching: true).status }
    let quiet = Session(
      toolkit: session.toolkit, output: { _ in }, errors: { _ in }, showsProgress: false)
    return Driver.run(words, quiet)
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR

/// `fettle reduce`: the smallest graph that a command still finds interesting.
struct ReduceCommand: Command {
  static let name = "reduce"
  static let summary = "shrink a graph while a command still fails on it as it did"
  static let usage = "MODEL --keep 'COMMAND' [-o GRAPH.fettle]"
  static let keep = CommandOption<String>(
    "--keep", text: "COMMAND",
    help:
      "run by sh with a candidate's path at the end, or in place of {}; a candidate is kept if it ends with "
      + "status 0, as in '! fettle verify -q {}'")
  static let timeout = CommandOption<Double>(
    "--timeout", real: "SECONDS",
    help: "a command that takes longer finds the candidate not interesting (default 60)")
  static let runs = CommandOption<Int>(
    "--runs", number: "N", minimum: 1, help: "runs of the command at most (default 2000)")
  static let output = CommandOption<String>(
    "-o", "--output", text: "GRAPH.fettle",
    help: "where the small graph goes (default MODEL.reduced.fettle)")
  static let options =
    [keep.untyped, timeout.untyped, runs.untyped, output.untyped] + ModelOptions.all

  func run(_ arguments: Arguments, _ session: Session) throws(Failure) {
    let path = try arguments.single("model")
    guard let command = try arguments[Self.keep] else {
      throw Failure("what is to stay so is missing: --keep 'COMMAND'", kind: .usage)
    }
    let limit = try arguments[Self.timeout] ?? 60
    guard limit > 0 else { throw Failure("--timeout takes seconds above 0", kind: .usage) }
    let model = try Model.load(path, arguments, session)
    let output = try arguments[Self.output] ?? "\(model.name).reduced.fettle"
    try OutputCheck.run(arguments, file: output)
    let test = try InterestTest(command, timeout: limit)
    guard try test.keeps(model.graph) else {
      throw Failure(
        "the command finds the graph itself not interesting (\(test.lastEnd))",
        at: Origin(file: path),
        notes: ["it must end with status 0 on what is to be kept: \(command)"])
    }
    let progress = session.progress()
    progress.begin("reduce \(path) from \(model.graph.opCount) ops")
    let budget = TestBudget(runs: try arguments[Self.runs] ?? 2000)
    var reducer = GraphReducer(model.graph, budget: budget, progress: { progress.message($0) }) {
      (candidate) throws(Failure) in try test.keeps(candidate)
    }
    try reducer.run()
    progress.end()
    // Once more, because a command may not say the same each time.
    guard try test.keeps(reducer.graph) else {
      throw Failure(
        "the command does not say the same twice of one graph, so that nothing can be reduced by it",
        at: Origin(file: path))
    }
    try GraphFile.write(reducer.graph, to: output)
    guard !session.isQuiet else { return }
    let (before, after) = (model.graph, reducer.graph)
    session.errors(
      "\(before.opCount) ops -> \(after.opCount), \(before.inputs.count) inputs -> \(after.inputs.count), "
        + "\(before.outputs.count) outputs -> \(after.outputs.count), \(budget.runs) runs: \(output)\n"
    )
  }
}

/// A command that says of a graph whether it is still interesting.
final class InterestTest {
  private let command: String
  private let timeout: Double
  private let folder: TemporaryFolder
  /// How the command ended last.
  private(set) var lastEnd = ""

  /// A test by a shell command.
  ///
  /// - Parameter timeout: seconds after which it is stopped.
  init(_ command: String, timeout: Double) throws(Failure) {
    folder = try TemporaryFolder("fettle-reduce")
    let file = Shell.quoted(folder.file("candidate.fettle"))
    let parts = Self.pieces(of: command)
    self.command = parts.count > 1 ? parts.joined(separator: file) : "\(command) \(file)"
    self.timeout = timeout
  }

  /// Whether the command ends with status 0 on a graph.
  func keeps(_ graph: Graph) throws(Failure) -> Bool {
    try GraphFile.write(graph, to: folder.file("candidate.fettle"))
    var process = Subprocess(["/bin/sh", "-c", command])
    process.timeout = timeout
    let outcome = try process.run()
    lastEnd = outcome.summary
    return outcome.succeeded
  }

  /// The text between the places where `{}` stands.
  private static func pieces(of command: String) -> [String] {
    var pieces = [""]
    var rest = command[...]
    while let c = rest.popFirst() {
      if c == "{", rest.first == "}" {
        rest.removeFirst()
        pieces.append("")
      } else {
        pieces[pieces.count - 1].append(c)
      }
    }
    return pieces
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting

/// Tells what is to blame: looks closer, writes the reproducer, and puts it in words.
struct BisectReport {
  let bisection: Bisection
  let folder: ReproducerFolder?
  let session: Session
  let progress: Progress

  private var search: ReproducerSearch {
    let progress = progress
    return ReproducerSearch(trial: bisection.trial, runner: bisection.runner) {
      progress.step(note: $0)
    }
  }

  /// Tells all of a culprit and returns the sentence of the diagnostic.
  func tell(_ culprit: Bisection.Culprit) throws(Failure) -> String {
    switch culprit {
    case .failed(let failure, let position, let before): try tell(failure, position, before)
    case .moved(let movement): try tell(movement)
    }
  }

  private func head(_ position: Int) -> String {
    let passes = bisection.pipeline.passes
    return "pass \(position + 1) of \(passes.count), \(type(of: passes[position]).name): "
  }

  private func tell(
    _ failure: PassFailure, _ position: Int, _ before: Graph
  ) throws(Failure) -> String {
    let pass = bisection.pipeline.passes[position]
    try session.output(head(position) + failure.headline + "\n")
    for line in failure.text.split(separator: "\n") { try session.output("    \(line)\n") }
    let sentence = "pass '\(type(of: pass).name)' \(failure.headline)"
    if let folder {
      let found = try search.reproducer(of: failure, Pipeline([pass]), on: before)
      try write(found, folder, title: sentence)
    }
    return sentence
  }

  private func tell(_ movement: Bisection.Movement) throws(Failure) -> String {
    let pass = bisection.pipeline.passes[movement.position]
    try session.output(
      head(movement.position) + "\(movement.text), allowed is \(movement.tolerance.text)\n")
    if movement.pipeline.passes.count > 1 {
      try session.output(
        "    (this pass alone is within the tolerance: the errors of the passes so far add up)\n")
    }
    let effect = movement.pipeline.effect
    let tolerance = movement.tolerance.forOps(effect)
    let inputs = bisection.samples[movement.sample]
    progress.begin("look at each op")
    let locator = try FaultLocator(
      before: movement.before, after: movement.after, outputs: movement.outputs, inputs: inputs,
      by: bisection.runner, tolerance: tolerance)
    var suspect = locator.suspects.first
    var found: Reproducer?
    if folder != nil {
      (suspect, found) = try search.reproducer(
        of: movement, locator, inputs: inputs, tolerance: tolerance)
    }
    let sentence = "pass '\(type(of: pass).name)' moves the outputs beyond the tolerance"
    guard let suspect else {
      try session.output(
        "    no single op differs when all of them are looked at (\(locator.comparisons) values compared)\n"
      )
      try tellIncomparable(locator, movement)
      if let found, let folder { try write(found, folder, title: sentence) }
      return sentence
    }
    let op = OpText.op(suspect.op, in: movement.after)
    try session.output(
      "first op that differs: \(op): \(OpText.value(suspect.value, in: movement.after)) "
        + "\(movement.after.type(of: suspect.value)) \(suspect.gap.text)\n")
    if let old = locator.correspondence.matching.old(of: suspect.op) {
      for detail in GraphDifference.details(old, suspect.op, locator.correspondence.matching) {
        try session.output("    \(GraphDifference.line(detail))\n")
      }
    }
    try tellIncomparable(locator, movement)
    let others = locator.suspects.filter { $0.op != suspect.op }
    if !others.isEmpty {
      let names = others.prefix(5).map { OpText.op($0.op, in: movement.after) }
      try session.output(
        "    other ops differ by themselves: \(names.joined(separator: "; "))\(others.count > 5 ? "; …" : "")\n"
      )
    }
    if let found, let folder { try write(found, folder, title: "\(sentence), first at \(op)") }
    return "\(sentence), first at \(op)"
  }

  private func tellIncomparable(
    _ locator: FaultLocator, _ movement: Bisection.Movement
  ) throws(Failure) {
    for (value, reason) in locator.incomparable.prefix(8) {
      try session.output(
        "    not comparable: \(OpText.value(value, in: movement.after)): \(reason)\n")
    }
    if locator.incomparable.count > 8 {
      try session.output("    not comparable: \(locator.incomparable.count - 8) more\n")
    }
  }

  private func write(
    _ found: Reproducer, _ folder: ReproducerFolder, title: String
  ) throws(Failure) {
    progress.begin("run the reproducer")
    guard try folder.write(found, title: title) else {
      return try session.output(
        "no reproducer: what was cut out does not show it when run by itself\n")
    }
    let count = found.graph.opCount
    try session.output(
      "reproducer: \(count) op\(count == 1 ? "" : "s") in \(folder.path), run it by: sh "
        + "\(Shell.quoted(Paths.join(folder.path, "command.sh")))\n")
  }
}

// SPDX-License-Identifier: Apache-2.0
import Checking
import CompilerSupport
import Evaluation
import GraphIR
import Rewriting
import Tensors

/// `COMPARE` lines: the graph of a sample before and after the passes of its `opt` commands, by the evaluator on seeded inputs.
enum SampleComparison {
  /// What differs beyond the tolerance, or nil.
  static func difference(
    _ comparison: CheckComparison, toolkit: Toolkit, program: String?
  ) -> String? {
    do throws(Failure) {
      return try compare(comparison, toolkit, program)
    } catch {
      return error.description
    }
  }

  private static func compare(
    _ comparison: CheckComparison, _ toolkit: Toolkit, _ program: String?
  ) throws(Failure) -> String? {
    let session = Session(
      toolkit: toolkit, output: { _ in }, errors: { _ in }, showsProgress: false)
    let folder = try TemporaryFolder("fettle-compare")
    var compared = false
    for words in comparison.commands where words.first == OptCommand.name {
      let arguments = try Arguments(Array(words.dropFirst()), options: OptCommand.allOptions)
      let before = try Model.load(comparison.path, arguments, session).graph
      // The command once more, as it stands but for where its graph goes: the last word on that counts.
      let file = folder.file("after.fettle")
      let result = SampleCheck.command(words + ["-o", file], toolkit, program: program)
      guard result.status == 0 else { return "the command fails when its graph goes to a file: \(result.stderr)" }
      let after = try GraphFile.read(file, try Platform.mapFile(file), ops: toolkit.ops)
      if let difference = try difference(before, after, comparison.tolerance) { return difference }
      compared = true
    }
    return compared ? nil : "COMPARE needs a RUN line with 'opt'"
  }

  /// The largest difference of two graphs' outputs on three seeded inputs, if it is beyond the tolerance.
  static func difference(
    _ before: Graph, _ after: Graph, _ tolerance: CheckTolerance
  ) throws(Failure) -> String? {
    for seed in 1...3 as ClosedRange<UInt64> {
      let inputs = try SeededInputs.tensors(for: before, seed: seed)
      let expected = try Evaluator(before).run(inputs)
      let found = try Evaluator(after).run(inputs)
      guard found.count == expected.count else {
        return "\(found.count) outputs in place of \(expected.count)"
      }
      for (port, pair) in zip(before.outputs, zip(expected, found)) {
        let gap = TensorGap(expected: pair.0, found: pair.1)
        if !gap.isWithin(tolerance) {
          return "output '\(port.name)' differs: \(gap.text) (seed \(seed))"
        }
      }
    }
    return nil
  }
}

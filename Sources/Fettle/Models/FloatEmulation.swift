// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Passes
import Rewriting

/// Says so where a quantized model is about to compute with the floats that it is written with.
enum FloatEmulation {
  /// Tells of a graph that no pass of the pipeline has tried to lower.
  ///
  /// - Parameters:
  ///   - graph: after the passes.
  ///   - path: the file of the model.
  static func tell(
    of graph: Graph, from path: String, after pipeline: Pipeline, _ arguments: Arguments,
    _ session: Session
  ) {
    guard !session.isQuiet, !arguments.has(PipelineOptions.keepQDQ),
      !pipeline.passes.contains(where: { $0 is LowerQuantized }), LowerQuantized.wouldChange(graph)
    else { return }
    let passes = [Canonicalize.name, LowerQuantized.name, Canonicalize.name].joined(separator: ", ")
    session.tell([
      "'\(path)' is quantized and computes with floats here; with integers: -p '\(passes)'"
    ])
  }
}

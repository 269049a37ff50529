// SPDX-License-Identifier: Apache-2.0
import Rewriting

/// The comment at the head of a graph that a command has written: by what, from what, and how.
struct Banner {
  /// The model as the user named it, and its SHA-256.
  let model: String
  let digest: String
  /// The passes with all their options.
  let pipeline: Pipeline

  /// For the graph behind the first `count` passes.
  func lines(after count: Int) -> [String] {
    var lines = ["fettle \(Driver.version)", "model \(model), SHA-256 \(digest)"]
    if !pipeline.passes.isEmpty {
      lines.append("passes \(pipeline.text)")
      if count < pipeline.passes.count {
        let last = count == 0 ? "" : ", the last of them \(type(of: pipeline.passes[count - 1]).name)"
        lines.append("this is the graph behind \(count) of \(pipeline.passes.count)\(last)")
      }
    }
    return lines
  }
}

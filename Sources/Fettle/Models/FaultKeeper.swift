// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Targets

/// Keeps graphs that show a fault of the compiler itself.
enum FaultKeeper {
  /// Writes the graph to a new folder among the temporary files; gives a line with the command that shows the fault again.
  static func keep(_ graph: Graph, _ target: Target) -> [String] {
    do throws(Failure) {
      let folder = try TemporaryFolder.kept("fettle-fault")
      let path = Paths.join(folder, "graph.fettle")
      try GraphFile.write(graph, to: path)
      return ["to see it again: fettle \(Shell.line(["emit", path, "-t", target.name]))"]
    } catch {
      return ["the graph could not be kept: \(error.diagnostics[0].message)"]
    }
  }
}

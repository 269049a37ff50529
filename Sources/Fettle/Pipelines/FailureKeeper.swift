// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting

/// Keeps the graph in front of a pass that fails, so that the failure can be had again by that pass
/// alone.
final class FailureKeeper: PassObserver {
  private let pipeline: Pipeline
  private let banner: Banner
  private let stem: String?
  /// The options that the pass needs to be run again.
  private let words: [String]
  private var notes: [String] = []

  /// `stem` is the path of the graph to be written, without what tells the pass and the ending; nil
  /// writes none.
  init(_ pipeline: Pipeline, _ banner: Banner, stem: String?, words: [String]) {
    self.words = words
    self.pipeline = pipeline
    self.banner = banner
    self.stem = stem
  }

  func didFail(
    _ pass: any Pass, at position: Int, on graph: Graph, broken: Graph, _ failure: Failure
  ) {
    guard let stem else {
      notes = ["with '-o FILE' or '--dump-dir FOLDER' the graph in front of the pass is kept"]
      return
    }
    let path = "\(stem)-before-\(type(of: pass).name).fettle"
    do throws(Failure) {
      try GraphFile.write(graph, to: path, banner: banner.lines(after: position))
      let command = ["opt", path, "-p", pass.text] + words
      notes = ["to see it again: fettle " + Shell.line(command)]
    } catch {
      notes = ["the graph in front of the pass could not be kept: \(error.diagnostics[0].message)"]
    }
  }

  /// The failure with what was kept of it.
  func noted(_ failure: Failure) -> Failure {
    var copy = failure
    // They are about the graph, not about the file that an error may point to.
    copy.diagnostics += notes.map { Diagnostic($0, severity: .note) }
    return copy
  }
}

/// Words for a shell.
enum Shell {
  /// Words as one line of a POSIX shell.
  static func line(_ words: [String]) -> String { words.map { quoted($0) }.joined(separator: " ") }

  /// The word as a POSIX shell takes it for one.
  static func quoted(_ word: String) -> String {
    let plain = word.utf8.allSatisfy { byte in
      let letter = byte | 0x20
      return letter >= 0x61 && letter <= 0x7A || byte >= 0x2B && byte <= 0x3A || byte == 0x5F
        || byte == 0x40 || byte == 0x3D
    }
    if plain, !word.isEmpty { return word }
    return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}

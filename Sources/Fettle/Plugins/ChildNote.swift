// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting

/// What a child process is doing, noted in a file from which its parent reads it if the child ends
/// by a signal.
enum ChildNote {
  /// The environment variable by which a parent names itself and the file: `PID:PATH`.
  static let variable = "FETTLE_CHILD"

  /// The file, in a process that `ChildRun` has started itself; what that process starts inherits
  /// the variable but is no child of the same parent.
  private static let path: String? = {
    let parts = (Platform.environment(variable) ?? "").split(separator: ":", maxSplits: 1)
    guard parts.count == 2, Int(parts[0]) == Platform.parentProcessID else { return nil }
    return String(parts[1])
  }()

  /// Whether somebody watches over this process.
  static var isChild: Bool { path != nil }

  /// Notes what the process does from now on, in words behind 'while', and the pass if it is one.
  /// Does nothing in a process that nobody watches over.
  static func write(_ doing: String, pass: String = "") {
    // A note that cannot be written must not stop the work.
    if let path { try? Platform.writeFile(path, "\(pass)\n\(doing)") }
  }

  /// What a child noted last.
  static func read(_ path: String) -> (pass: String?, doing: String?) {
    guard let text = try? Platform.readText(path) else { return (nil, nil) }
    let lines = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
    let pass = String(lines[0])
    return (pass.isEmpty ? nil : pass, lines.count > 1 ? String(lines[1]) : nil)
  }
}

/// Notes which pass is running, in a process that is watched over.
final class PassNotes: PassObserver {
  func willRun(_ pass: any Pass, at position: Int, on graph: Graph) {
    ChildNote.write("it ran", pass: type(of: pass).name)
  }

  func didRun(_ pass: any Pass, at position: Int, on graph: Graph, seconds: PassSeconds) {
    ChildNote.write("outside of any pass")
  }
}

// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

/// A sample with its expectations: text in which comments say what to run on it (`// RUN:`), what
/// the output must look like (`// CHECK:` and its kin) and that the meaning stays (`// COMPARE:`).
/// Lines `// -----` divide it into cases that are run one by one, each as a file of its own.
public struct CheckFile: Sendable {
  /// The path as the user named it.
  public let path: String
  let cases: [CheckCase]

  /// The number of cases.
  public var caseCount: Int { cases.count }

  /// Reads a sample's directives. Throws all of them that cannot be understood, each with its line.
  public init(path: String, text: String) throws(Failure) {
    self.path = path
    var chunks: [CheckCase] = []
    var chunk = CheckCase(firstLine: 1)
    var findings: [Diagnostic] = []
    for (index, line) in lines(of: text).enumerated() {
      if trimmed(line) == "// -----" {
        chunks.append(chunk)
        chunk = CheckCase(firstLine: index + 2)
        continue
      }
      chunk.lines.append(line)
      do throws(Failure) {
        try chunk.enter(line, number: index + 1)
      } catch {
        findings += error.diagnostics.map { diagnostic in
          var located = diagnostic
          located.origin = Origin(file: path, line: index + 1)
          return located
        }
      }
    }
    chunks.append(chunk)
    for chunk in chunks {
      if let line = chunk.openCommand?.line {
        findings.append(
          Diagnostic(
            "a RUN line ends with '\\', and none follows", at: Origin(file: path, line: line)))
      }
    }
    guard findings.isEmpty else { throw Failure(findings) }
    let shared = chunks[0].commands
    if chunks.count > 1, chunks[0].isOnlyCommands { chunks.removeFirst() }
    for i in chunks.indices where chunks[i].commands.isEmpty { chunks[i].commands = shared }
    cases = chunks
  }
}

/// One case of a sample.
struct CheckCase: Sendable {
  /// The number of its first line in the file, from 1.
  var firstLine: Int
  var lines: [String] = []
  var commands: [CheckCommand] = []
  var directives: [CheckDirective] = []
  var tolerances: [(line: Int, tolerance: CheckTolerance)] = []
  /// A RUN line that goes on in the next.
  var openCommand: (line: Int, status: Int32, text: String)?

  init(firstLine: Int) { self.firstLine = firstLine }

  /// The text, at the line numbers that it has in the whole file.
  var text: String {
    String(repeating: "\n", count: firstLine - 1) + lines.joined(separator: "\n") + "\n"
  }

  /// Whether there is something that can fail beyond the commands' ending well.
  var hasExpectation: Bool {
    !directives.isEmpty || !tolerances.isEmpty || commands.contains { $0.status != 0 }
  }

  /// Whether it holds nothing to work on, only commands for the cases after it.
  var isOnlyCommands: Bool {
    !commands.isEmpty && directives.isEmpty && tolerances.isEmpty
      && lines.allSatisfy { line in
        let text = trimmed(line)
        return text.isEmpty || text.hasPrefix("//")
      }
  }

  /// Enters the directive of a line, if it has one.
  mutating func enter(_ source: String, number: Int) throws(Failure) {
    switch try CheckLine.parse(source, line: number) {
    case nil: break
    case .check(let directive): directives.append(directive)
    case .compare(let tolerance): tolerances.append((number, tolerance))
    case .run(let status, let text):
      var command = (line: number, status: status, text: text)
      if let open = openCommand {
        guard status == 0 else {
          throw Failure("a RUN line is continued by RUN, which has no status of its own")
        }
        command = (open.line, open.status, open.text + " " + text)
      }
      if command.text.hasSuffix("\\") {
        command.text.removeLast()
        openCommand = command
      } else {
        openCommand = nil
        commands.append(
          try CheckCommand(command.text, line: command.line, status: command.status))
      }
    }
  }
}

/// The lines of a text; the end of the last one does not start another.
func lines(of text: String) -> [String] {
  var result = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
  if result.last?.isEmpty ?? false { result.removeLast() }
  return result.map(String.init)
}

// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

/// What a `COMPARE` line asks for: the graph before and after the commands, run on seeded inputs.
public struct CheckComparison: Sendable {
  /// The file that `%s` stood for.
  public var path: String
  /// Its text.
  public var text: String
  /// The words of the commands that were run, in order.
  public var commands: [[String]]
  /// How far the outputs may move.
  public var tolerance: CheckTolerance
}

/// Runs samples. What commands and comparisons are, and how a file is written, is the caller's.
public struct CheckRunner: Sendable {
  /// Runs a command of ours and gives back what it did; it must not end the process.
  public var run: @Sendable ([String]) -> CommandResult
  /// Says what differs beyond the tolerance; nil: nothing.
  public var compare: @Sendable (CheckComparison) -> String?
  /// Writes a file.
  public var write: @Sendable (_ path: String, _ text: String) throws(Failure) -> Void
  /// A folder that exists, is empty, and is the caller's to remove.
  public var temporaryFolder: String

  /// A runner made of its parts.
  public init(
    temporaryFolder: String,
    run: @escaping @Sendable ([String]) -> CommandResult,
    compare: @escaping @Sendable (CheckComparison) -> String?,
    write: @escaping @Sendable (_ path: String, _ text: String) throws(Failure) -> Void
  ) {
    self.temporaryFolder = temporaryFolder
    self.run = run
    self.compare = compare
    self.write = write
  }

  /// Runs all cases of a sample. No finding means that everything is as the sample says; a case
  /// that could not fail is a finding too.
  public func findings(in file: CheckFile) -> [CheckFinding] {
    file.cases.indices.flatMap { findings(in: file, index: $0) }
  }

  private func findings(in file: CheckFile, index: Int) -> [CheckFinding] {
    let one = file.cases[index]
    func finding(
      _ line: Int, _ message: String, _ excerpt: [String] = [], _ suggestion: String? = nil
    ) -> CheckFinding {
      CheckFinding(file: file.path, line: line, message: message, excerpt: excerpt, suggestion: suggestion)
    }
    guard !one.commands.isEmpty else {
      return [finding(one.firstLine, "no RUN line: nothing is tested here")]
    }
    guard one.hasExpectation else {
      return [
        finding(
          one.firstLine, "no CHECK, COMPARE or RUN-FAILS: the output could be anything")
      ]
    }
    let slash = file.path.lastIndex(of: "/")
    let folder = slash.map { $0 == file.path.startIndex ? "/" : file.path[..<$0] } ?? "."
    let name = slash.map { file.path[file.path.index(after: $0)...] } ?? file.path[...]
    let unique = "\(temporaryFolder)/\(digest(file.path))-\(index)"
    var path = file.path
    if file.cases.count > 1 {
      path = "\(unique)-\(name.suffix(80))"
      do throws(Failure) {
        try write(path, one.text)
      } catch {
        return [finding(one.firstLine, "cannot write \(path)", error.diagnostics.map(\.message))]
      }
    }

    var stdout = ""
    var stderr = ""
    var commands: [[String]] = []
    for command in one.commands {
      let words = command.words(file: path, folder: String(folder), temporary: unique + ".tmp")
      let result = run(words)
      commands.append(words)
      stdout += result.stdout
      stderr += result.stderr
      guard result.status == command.status else {
        let said = lines(of: result.stderr).suffix(8)
        return [
          finding(
            command.line,
            "exit status \(result.status), expected \(command.status): "
              + words.joined(separator: " "),
            said.isEmpty ? ["nothing on the error output"] : Array(said))
        ]
      }
    }

    var found: [CheckFinding] = []
    for (text, onErrors) in [(stdout, false), (stderr, true)] {
      let directives = one.directives.filter { $0.onErrors == onErrors }
      if directives.isEmpty { continue }
      found += CheckMatcher.findings(directives, in: CheckOutput(text)).map {
        finding($0.directive.line, $0.message, $0.excerpt, $0.suggestion)
      }
    }
    for (line, tolerance) in one.tolerances {
      let comparison = CheckComparison(
        path: path, text: one.text, commands: commands, tolerance: tolerance)
      if let message = compare(comparison) { found.append(finding(line, "COMPARE: " + message)) }
    }
    return found.sorted { $0.line < $1.line }
  }

  /// A short name for a path (FNV-1a), so that samples of one name do not share temporary files.
  private func digest(_ path: String) -> String {
    let hash = path.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3
    }
    return String(hash, radix: 16)
  }
}

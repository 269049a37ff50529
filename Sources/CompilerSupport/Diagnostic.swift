// SPDX-License-Identifier: Apache-2.0

/// Where a diagnostic points: a file, perhaps a position in it, perhaps a part of it by name.
public struct Origin: Hashable, Sendable {
  /// The file as the user named it; empty if none is meant.
  public var file: String
  /// The line, from 1.
  public var line: Int?
  /// The column in characters, from 1.
  public var column: Int?
  /// The part that is meant, as in `node 'stem/conv' (Conv)`.
  public var subject: String?

  /// An origin; all parts but the file are optional.
  public init(file: String = "", line: Int? = nil, column: Int? = nil, subject: String? = nil) {
    self.file = file
    self.line = line
    self.column = column
    self.subject = subject
  }
}

/// One finding, in the form of a C compiler's: `file:line:column: error: subject: message`.
public struct Diagnostic: Hashable, Sendable, CustomStringConvertible {
  /// How bad it is.
  public enum Severity: String, Sendable {
    case error, warning
    /// What helps with the errors in front of it, wherever they point.
    case note
  }

  public var severity: Severity
  public var origin: Origin
  public var message: String
  /// What helps: the nearest names, what to do instead. Each is printed on a line of its own.
  public var notes: [String]

  /// A finding at `origin`.
  public init(
    _ message: String, severity: Severity = .error, at origin: Origin = Origin(),
    notes: [String] = []
  ) {
    self.severity = severity
    self.origin = origin
    self.message = message
    self.notes = notes
  }

  /// As it is shown: text that came from files and users is escaped and, if long, cut.
  public var description: String {
    var place = PrintableText.line(origin.file)
    if let line = origin.line { place += ":\(line)" }
    if let column = origin.column { place += ":\(column)" }
    let prefix = place.isEmpty ? "" : place + ": "
    let subject = origin.subject.map { PrintableText.line($0) + ": " } ?? ""
    let head = "\(prefix)\(severity.rawValue): \(subject)\(Self.shown(message))"
    var shown = notes.prefix(PrintableText.listLimit).map { "\(prefix)note: \(Self.shown($0))" }
    let left = notes.count - shown.count
    if left > 0 { shown.append("\(prefix)note: and \(left) more notes") }
    return ([head] + shown).joined(separator: "\n")
  }

  private static func shown(_ text: String) -> String {
    PrintableText.line(text, limit: PrintableText.messageLimit)
  }

  /// Several findings as they are shown, one below the other; of a long list the first ones and the last, which may sum up, and
  /// how many are left out.
  public static func text(of diagnostics: [Diagnostic]) -> String {
    let left = diagnostics.count - PrintableText.listLimit
    guard left > 0, let last = diagnostics.last else {
      return diagnostics.map(\.description).joined(separator: "\n")
    }
    let first = diagnostics.prefix(PrintableText.listLimit - 1).map(\.description)
    return (first + ["note: and \(left) more, and last:", last.description]).joined(separator: "\n")
  }
}

/// The error that all rooms throw for what the user can mend: one or more diagnostics, and what the
/// process shall say of them by its exit status.
public struct Failure: Error, Sendable, CustomStringConvertible {
  /// Why the job ended; the raw value is the exit status.
  public enum Kind: Int32, Sendable {
    /// The input is wrong, or the job failed.
    case failed = 1
    /// The command line is wrong.
    case usage = 2
    /// Something in the input is not supported.
    case unsupported = 3
    /// A budget or a tolerance was not met.
    case budget = 4
  }

  public var kind: Kind
  public var diagnostics: [Diagnostic]

  /// A failure of several findings.
  public init(_ diagnostics: [Diagnostic], kind: Kind = .failed) {
    self.kind = kind
    self.diagnostics = diagnostics
  }

  /// A failure of one finding.
  public init(
    _ message: String, at origin: Origin = Origin(), notes: [String] = [], kind: Kind = .failed
  ) {
    self.init([Diagnostic(message, at: origin, notes: notes)], kind: kind)
  }

  public var description: String { Diagnostic.text(of: diagnostics) }

  /// The same failure with `file` (and `subject`) entered wherever none is named yet.
  public func located(file: String = "", subject: String? = nil) -> Failure {
    var copy = self
    for i in copy.diagnostics.indices {
      if copy.diagnostics[i].origin.file.isEmpty { copy.diagnostics[i].origin.file = file }
      if copy.diagnostics[i].origin.subject == nil {
        copy.diagnostics[i].origin.subject = subject
      }
    }
    return copy
  }
}

/// Ends the program for a state that only a bug of the compiler can bring about; never reachable
/// from input.
public func unreachable(
  _ why: String, file: StaticString = #fileID, line: UInt = #line
) -> Never {
  fatalError("compiler bug: \(why)", file: file, line: line)
}

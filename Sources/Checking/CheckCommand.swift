// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// What a command did.
public struct CommandResult: Equatable, Sendable {
  /// All it wrote to the standard output.
  public var stdout: String
  /// All it wrote to the standard error output.
  public var stderr: String
  /// Its exit status.
  public var status: Int32

  /// The result of a command.
  public init(stdout: String = "", stderr: String = "", status: Int32 = 0) {
    self.stdout = stdout
    self.stderr = stderr
    self.status = status
  }
}

/// The command of a `RUN` line.
struct CheckCommand: Equatable, Sendable {
  /// Its line in the file, from 1.
  var line: Int
  /// The exit status that it must have.
  var status: Int32
  /// Its words, `%s` and the like not yet replaced.
  var words: [String]

  /// The words of `text`: split at white space; quotes of either kind hold a word together and may
  /// stand inside one. There is no shell: no variable, no pipe, no redirection.
  init(_ text: String, line: Int, status: Int32) throws(Failure) {
    self.line = line
    self.status = status
    words = []
    var word: String?
    var quote: Character?
    for c in text {
      if let open = quote {
        if c == open { quote = nil } else { word?.append(c) }
      } else if c == "'" || c == "\"" {
        quote = c
        word = word ?? ""
      } else if c.isWhitespace {
        if let done = word { words.append(done) }
        word = nil
      } else {
        word = (word ?? "") + String(c)
      }
    }
    if let quote { throw Failure("the quote \(quote) of a RUN line is not closed") }
    if let word { words.append(word) }
    if words.isEmpty { throw Failure("a RUN line without a command") }
    for pipe in ["|", ">", "<", "&&", ";"] where words.contains(pipe) {
      throw Failure("'\(pipe)' in a RUN line: there is no shell", notes: ["use several RUN lines"])
    }
  }

  /// The words with `%s`, `%S` and `%t` replaced and `%%` as `%`. Another letter or digit behind
  /// them makes them ordinary text, as in `%stem`.
  func words(file: String, folder: String, temporary: String) -> [String] {
    words.map { word in
      var result = ""
      var rest = Substring(word)
      while let c = rest.popFirst() {
        guard c == "%", let key = rest.first else {
          result.append(c)
          continue
        }
        let next = rest.dropFirst().first
        let isWhole = !(next.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false)
        switch key {
        case "%": result += "%"
        case "s" where isWhole: result += file
        case "S" where isWhole: result += folder
        case "t" where isWhole: result += temporary
        default:
          result.append(c)
          continue
        }
        rest.removeFirst()
      }
      return result
    }
  }
}

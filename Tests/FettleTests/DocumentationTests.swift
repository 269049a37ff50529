// SPDX-License-Identifier: Apache-2.0
import Checking
import CompilerSupport
import Fettle
import Testing

/// The pages of docs/reference are what `fettle describe --markdown` prints, and public declarations say what they are.
@Suite struct DocumentationTests {
  @Test(arguments: ["ops", "passes", "targets", "lowerings", "onnx", "commands", "rules", "c-api"])
  func referenceIsFresh(_ topic: String) throws {
    let path = Repository.path("docs/reference/\(topic).md")
    let result = SampleCheck.command(
      ["describe", topic, "--markdown"], Driver.standardToolkit)
    #expect(
      try Platform.readText(path) == result.stdout,
      "stale: fettle describe \(topic) --markdown > docs/reference/\(topic).md")
  }

  @Test(arguments: try SwiftSources.files(below: Repository.path("Sources")))
  func publicDeclarationsAreDocumented(_ path: String) throws {
    let lines = try Platform.readText(path).split(
      separator: "\n", omittingEmptySubsequences: false
    ).map { $0.drop { $0 == " " } }
    let kinds = ["struct", "enum", "protocol", "class", "func", "init", "subscript"]
    for (i, line) in lines.enumerated() where line.hasPrefix("public ") {
      let words = line.split(separator: " ").prefix(4).map { $0.prefix { $0.isLetter } }
      guard words.contains(where: { kinds.contains(String($0)) }) else { continue }
      var above = i - 1
      while above >= 0, lines[above].hasPrefix("@") || lines[above].hasPrefix("nonisolated") {
        above -= 1
      }
      // What a protocol asks for is documented there.
      let isConformance = lines[i].contains("func resultTypes") || lines[i].contains("static func parse")
        || lines[i].contains("static func <") || lines[i].contains("static func ==")
        || lines[i].contains("func hash") || lines[i].contains("Literal")
        || lines[i].contains("init()") || lines[i].contains("enum Operand")
      let isDocumented = above >= 0 && lines[above].hasPrefix("///")
      #expect(
        isDocumented || isConformance || Self.isConformance(line),
        "\(path):\(i + 1): \(line)")
    }
  }

  /// Requirements of the protocols of the house, documented where they are declared.
  private static func isConformance(_ line: Substring) -> Bool {
    [
      "func run(", "func lower(", "func supports(", "func wish(", "func halo(", "func border(",
      "func evaluate(",
      "func expression(", "func coordinates(", "func isPositional(", "func export(",
      "func multiplyAccumulates(", "func rewrite(", "func write(", "init(reading", "static func +",
      "static func -", "static func *", "static func /", "func check", "func text", "func prepare(",
      "func measure(", "func read(", "func apply(", "func willRun(", "func didRun(", "func didFail(",
      "var watchesRewrites", "func tried(", "func noted(",
    ].contains { line.contains($0) }
  }
}

/// The Swift files of the project.
enum SwiftSources {
  /// All files below a folder, in order.
  static func files(below folder: String) throws -> [String] {
    try Platform.entries(of: folder).sorted().flatMap { entry -> [String] in
      let path = Paths.join(folder, entry)
      if Platform.isDirectory(path) { return try files(below: path) }
      return entry.hasSuffix(".swift") ? [path] : []
    }
  }
}

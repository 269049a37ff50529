// SPDX-License-Identifier: Apache-2.0
import Checking
import CompilerSupport
import Fettle
import Testing

/// Passes of one's own: `--load`, `fettle plugin`, and what happens when they fail.
@Suite(.enabled(if: FettleProgram.hasCompiler)) struct PluginTests {
  static let example = Repository.path("docs/examples/plugin/MyPass.swift")

  /// A folder with a graph, and plug-ins with it.
  private struct Place {
    let folder = try! TemporaryFolder("fettle-plugin-test")
    var graph: String { folder.file("g.fettle") }

    init() throws {
      try Platform.writeFile(
        graph, "graph @g(%x: f32[1,8]) -> (y: %y) {\n  %y = unary %x : f32[1,8]\n}\n")
    }

    func plugin(_ name: String, _ text: String) throws -> String {
      let path = folder.file(name)
      try Platform.writeFile(path, text)
      return path
    }
  }

  /// A plug-in of one pass whose `run` has this body.
  private static func source(_ name: String, _ body: String) -> String {
    """
    import CompilerSupport
    import GraphIR
    import Rewriting
    struct Mine: Pass {
      static let name = "\(name)"
      static let summary = "a test"
      static let effect = NumericEffect.exact
      func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
        \(body)
      }
    }
    func fettlePasses() -> [any Pass.Type] { [Mine.self] }
    """
  }

  @Test func theExampleOfTheDocumentation() throws {
    let sample = Repository.path("docs/examples/plugin/my-pass.fettle")
    let findings = try SampleCheck.findings(
      in: sample, toolkit: Driver.standardToolkit, program: FettleProgram.path)
    for finding in findings { Issue.record("\(finding.diagnostic)") }
  }

  @Test func describeAndEveryCommandWithPasses() throws {
    let page = try FettleProgram.run(["describe", "--load", Self.example, "limit-activations"])
    #expect(page.outputText.contains("limit  number, default 6.0  the largest activation"), "\(page.errorText)")
    let place = try Place()
    let verify = try FettleProgram.run(
      ["verify", "-q", "--interpret", "--load", Self.example, "-p", "limit-activations{limit=50}", place.graph])
    #expect(verify.status == 0, "\(verify.errorText)")
    let compile = try FettleProgram.run([
      "compile", "-q", "--load", Self.example, "-p", "limit-activations", place.graph, "-o", place.folder.file("out"),
    ])
    #expect(compile.status == 0, "\(compile.errorText)")
    #expect(try Platform.readText(place.folder.file("out/g.c")).contains("limit-activations{limit=6.0}"))
  }

  @Test func theCompilerSpeaksForItself() throws {
    let place = try Place()
    let path = try place.plugin("Broken.swift", Self.source("broken", "let n: Int = graph.name"))
    let result = try FettleProgram.run(["opt", "--load", path, "-p", "broken", place.graph])
    #expect(result.status == 1)
    #expect(result.errorText.contains("Broken.swift:9:24: error: cannot convert value of type 'String'"))
    #expect(result.errorText.contains("error: the Swift compiler refuses the plug-in"))
    #expect(result.output.count == 0)
  }

  @Test(arguments: [
    ("None.swift", "import GraphIR\n", 1, "the plug-in does not say what its passes are"),
    ("Text.so", "no library", 1, "this is no shared library"),
    ("Text.txt", "no library", 2, "a plug-in is a Swift file or a library"),
    ("Taken.swift", source("canonicalize", ""), 1, "there is a pass 'canonicalize' already"),
    ("Name.swift", source("My Pass", ""), 1, "'My Pass' is no name of a pass"),
    ("Missing.swift", nil as String?, 1, "there is no such file"),
  ]) func whatIsNoPlugin(_ name: String, _ text: String?, _ status: Int32, _ message: String) throws {
    let place = try Place()
    let path = try text.map { try place.plugin(name, $0) } ?? place.folder.file(name)
    let result = try FettleProgram.run(["opt", "--load", path, place.graph])
    #expect(result.status == status)
    #expect(result.errorText.contains(message), "\(result.errorText)")
  }

  @Test func modulesThatAreNotThere() throws {
    let place = try Place()
    let words = ["opt", "--load", Self.example, place.graph]
    let named = try FettleProgram.run(words + ["--modules", place.folder.path])
    #expect(named.status == 1 && named.errorText.contains("there is no 'Rewriting.swiftmodule'"))
    let variable = try FettleProgram.run(words, environment: [("FETTLE_MODULES", place.folder.path)])
    #expect(variable.status == 1 && variable.errorText.contains("the folder of FETTLE_MODULES holds no modules"))
    let other = try FettleProgram.run(words, environment: [("SWIFTC", "/nowhere/swiftc"), ("FETTLE_CACHE", place.folder.path)])
    #expect(other.status == 1 && other.errorText.contains("no Swift compiler: '/nowhere/swiftc' does not start"))
    // A copy of the program without modules beside it.
    let copy = place.folder.file("fettle")
    #expect(try Subprocess(["cp", FettleProgram.path ?? "", copy]).run().succeeded)
    let lone = try Subprocess([copy] + words).run()
    #expect(lone.status == 1)
    #expect(lone.errorText.contains("looked in \(place.folder.path)/Modules and "), "\(lone.errorText)")
    try Platform.createDirectory(place.folder.file("Modules"))
    try Platform.writeFile(place.folder.file("Modules/Rewriting.swiftmodule"), "")
    let stale = try Subprocess([copy] + words).run()
    #expect(stale.status == 1 && stale.errorText.contains("the module is newer than the program"), "\(stale.errorText)")
    #expect(lone.errorText.contains("--modules FOLDER or by the environment variable FETTLE_MODULES"))
  }

  /// The pass, how it ends, and what is said of it.
  @Test(arguments: [
    ("index-trap", "let none: [Int] = []; graph.name = String(none[graph.opCount])", "ended by signal"),
    ("own-words", "fatalError(\"nobody expects this\")", "nobody expects this"),
    ("segfault", "UnsafeMutablePointer<Int>(bitPattern: 8 * graph.opCount)!.pointee = 1", "ended by signal 11"),
  ]) func aCrash(_ name: String, _ body: String, _ message: String) throws {
    let place = try Place()
    let path = try place.plugin("Crash.swift", Self.source(name, body))
    let result = try FettleProgram.run(
      ["opt", "--load", path, "-p", "canonicalize, \(name)", place.graph, "-o", place.folder.file("out.fettle")],
      environment: [("SWIFT_BACKTRACE", "enable=no")])
    #expect(result.status == 1)
    #expect(result.errorText.contains("error: pass '\(name)': the process ended by signal"), "\(result.errorText)")
    #expect(result.errorText.contains(message), "\(result.errorText)")
    #expect(try Platform.entries(of: place.folder.path).filter { $0.hasPrefix("out") } == [])
  }

  @Test func aReaderThatWantsNoMore() throws {
    let place = try Place()
    let lines = (0..<20_000).map { "  %v\($0 + 1) = unary %v\($0) {function=exp} : f32[1,8]\n" }.joined()
    try Platform.writeFile(
      place.graph, "graph @g(%v0: f32[1,8]) -> (y: %v20000) {\n\(lines)}\n")
    let outcome = try Subprocess([
      "sh", "-c", "\"$0\" opt -q --load \"$1\" -p limit-activations \"$2\" | head -n 1",
      FettleProgram.path ?? "", Self.example, place.graph,
    ]).run()
    #expect(outcome.outputText == "// fettle \(Driver.version)\n")
    #expect(outcome.errors.count == 0, "\(outcome.errorText)")
  }

  @Test func librariesOfAnotherBuild() throws {
    let place = try Place()
    let library = place.folder.file("mine.so")
    let made = try FettleProgram.run(["plugin", Self.example, "-o", library])
    #expect(made.status == 0, "\(made.errorText)")
    let words = ["opt", "-p", "limit-activations", place.graph, "--load", library]
    let fine = try FettleProgram.run(words, environment: [("SWIFTC", "/nowhere/swiftc")])
    #expect(fine.status == 0 && fine.outputText.contains("function=clip"), "\(fine.errorText)")

    let bytes = try Platform.readFile(library).withUnsafeBytes { Array($0) }
    let mark = Array("fettle-plugin-stamp|".utf8)
    let place0 = try #require((0..<bytes.count - mark.count).first { Array(bytes[$0..<$0 + mark.count]) == mark })
    for (offset, message) in [
      (mark.count, "the plug-in was compiled for Fettle 9.1.0, this is 0.1.0"),
      (mark.count + 6, "the plug-in was compiled for another build of Fettle 0.1.0"),
      (0, "this library is no plug-in"),
    ] {
      var changed = bytes
      changed[place0 + offset] = UInt8(ascii: "9")
      if offset == mark.count + 6, bytes[place0 + offset] == UInt8(ascii: "9") {
        changed[place0 + offset] = UInt8(ascii: "8")
      }
      try Platform.writeFile(library, Bytes(changed))
      let result = try FettleProgram.run(words)
      #expect(result.status == 1)
      #expect(result.errorText.contains(message), "\(result.errorText)")
    }
    // Cut short behind the stamp, or scrambled: the loader's refusal, or its crash, is told.
    try Platform.writeFile(library, Bytes(bytes[..<(place0 + 200)]))
    let cut = try FettleProgram.run(words)
    #expect(cut.status == 1 && cut.errorText.contains("error: "), "\(cut.errorText)")
  }
}

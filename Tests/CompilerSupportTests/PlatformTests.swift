// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Testing

@Suite struct Files {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func readsWhatWasWritten() throws {
    let path = folder.file("a.bin")
    for content in ["", "hello", String(repeating: "x", count: 200_000)] {
      try Platform.writeFile(path, content)
      #expect(try Platform.mapFile(path) == Bytes(content.utf8))
      #expect(try Platform.readFile(path) == Bytes(content.utf8))
      #expect(try Platform.readText(path) == content)
    }
    #expect(try Platform.entries(of: folder.path) == ["a.bin"])
  }

  @Test func failuresAreClear() throws {
    func message(_ path: String) -> String {
      do { _ = try Platform.mapFile(path) } catch { return error.description }
      return "none"
    }
    #expect(message(folder.file("b")).hasSuffix("there is no such file or folder"))
    #expect(message(folder.path).hasSuffix("it is a folder"))
    #expect(message("") == "error: an empty file name")
    #expect(message("a\0b") == "error: a file name with a zero character in it")
    try Platform.writeFile(folder.file("c"), Bytes([0xFF]))
    #expect(throws: Failure.self) { try Platform.readText(folder.file("c")) }
  }

  @Test func setsAreWholeOrAbsent() throws {
    try Platform.writeFile(folder.file("old"), "old")
    var set = OutputSet()
    set.add(folder.file("old"), "new")
    set.add(folder.file("missing/file"), "x")
    #expect(throws: Failure.self) { try set.commit() }
    #expect(try Platform.readText(folder.file("old")) == "old")
    #expect(try Platform.entries(of: folder.path) == ["old"])

    try Platform.createDirectory(folder.file("missing/deeper"))
    set.add(folder.file("parts"), parts: [Bytes([1]), Bytes(), Bytes([2, 3])])
    try set.commit()
    #expect(try Platform.readText(folder.file("old")) == "new")
    #expect(try Platform.readFile(folder.file("parts")) == Bytes([1, 2, 3]))
    #expect(try Platform.entries(of: folder.path) == ["missing", "old", "parts"])

    set.add(folder.file("old"), "twice")
    #expect(throws: Failure.self) { try set.commit() }
    #expect(throws: Failure.self) { try Platform.writeFile(folder.path, "x") }
  }

  @Test func whatCouldBeWrittenIsKnownBefore() throws {
    try Platform.writeFile(folder.file("file"), "kept")
    var good = OutputSet()
    for path in [folder.file("file"), folder.file("new"), "-", "/dev/null"] { good.add(path, "x") }
    try good.checkWritable()
    for path in [folder.path, folder.file("missing/new"), folder.file("file/new"), ""] {
      var bad = OutputSet()
      bad.add(path, "x")
      #expect(throws: Failure.self, "\(path)") { try bad.checkWritable() }
    }
    for path in [folder.path, folder.file("missing"), folder.file("missing/deeper"), "."] {
      try Platform.checkFolderWritable(path)
    }
    for path in [folder.file("file"), folder.file("file/deeper"), "/dev/null/deeper", ""] {
      #expect(throws: Failure.self, "\(path)") { try Platform.checkFolderWritable(path) }
    }
    #expect(Platform.nearestFolder(folder.file("missing/deeper")) == folder.path)
    #expect(Platform.nearestFolder("missing/deeper") == ".")
    #expect(Platform.nearestFolder(folder.file("file/deeper")) == nil)
    // Nothing of all that is left.
    #expect(try Platform.entries(of: folder.path) == ["file"])
    #expect(try Platform.readText(folder.file("file")) == "kept")
  }

  @Test func devicesAreNotReplaced() throws {
    try Platform.writeFile("/dev/null", "x")
    #expect(try Platform.readFile("/dev/null").count == 0)
  }

  @Test func pathsStayInside() throws {
    try Platform.createDirectory(folder.file("in"))
    try Platform.writeFile(folder.file("in/a"), "a")
    try Platform.writeFile(folder.file("b"), "b")
    let link = Subprocess(["ln", "-s", "../b", folder.file("in/link")])
    #expect(try link.run().succeeded)
    let inside = folder.file("in")
    #expect(try Platform.path(of: "./a", inside: inside).hasSuffix("/in/a"))
    for name in ["../b", "link", "/etc/passwd", "none", "..", ""] {
      #expect(throws: Failure.self) { try Platform.path(of: name, inside: inside) }
    }
  }

  @Test func removesTreesButFollowsNoLinks() throws {
    try Platform.createDirectory(folder.file("t/u"))
    try Platform.writeFile(folder.file("t/u/a"), "a")
    try Platform.writeFile(folder.file("kept"), "a")
    _ = try Subprocess(["ln", "-s", folder.path, folder.file("t/up")]).run()
    try Platform.removeTree(folder.file("t"))
    #expect(try Platform.entries(of: folder.path) == ["kept"])
    try Platform.removeTree(folder.file("t"))
  }
}

@Suite struct Programs {
  @Test func outputAndStatus() throws {
    let ended = try Subprocess(["sh", "-c", "echo out; echo err >&2; exit 3"]).run()
    #expect(ended.outputText == "out\n" && ended.errorText == "err\n")
    #expect(ended.status == 3 && ended.signal == nil && !ended.succeeded)
    let killed = try Subprocess(["sh", "-c", "kill -9 $$"]).run()
    #expect(killed.signal == 9 && killed.status == nil)
    #expect(throws: Failure.self) { try Subprocess(["/no/such/program"]).run() }
    #expect(throws: Failure.self) { try Subprocess([]).run() }
  }

  @Test func muchOutput() throws {
    let ended = try Subprocess(["sh", "-c", "head -c 3000000 /dev/zero; echo x >&2"]).run()
    #expect(ended.output.count == 3_000_000 && ended.errorText == "x\n")
  }

  @Test func environmentFolderAndInput() throws {
    let folder = try TemporaryFolder()
    try Platform.writeFile(folder.file("in"), "text")
    var program = Subprocess(["sh", "-c", "echo $A ${HOME-none}; pwd; cat"])
    program.environment = [("A", "1 2"), ("HOME", nil)]
    program.directory = folder.path
    program.inputFile = folder.file("in")
    let place = try Platform.canonicalPath(folder.path)
    #expect(try program.run().outputText == "1 2 none\n\(place)\ntext")
  }

  @Test func timeLimit() throws {
    for script in ["sleep 30", "sleep 30 & sleep 30", "exec >&- 2>&-; sleep 30"] {
      var program = Subprocess(["sh", "-c", script])
      program.timeout = 0.2
      let start = Platform.monotonicSeconds
      let ended = try program.run()
      #expect(ended.timedOut && !ended.succeeded)
      #expect(Platform.monotonicSeconds - start < 10)
    }
    var quick = Subprocess(["true"])
    quick.timeout = 30
    #expect(try quick.run().succeeded)
  }

  @Test func libraries() {
    #expect(throws: Failure.self) { try DynamicLibrary("/no/such/library.so") }
  }

  @Test func machine() {
    #expect(Platform.coreCount >= 1)
    #expect(Platform.peakMemory > 1_000_000)
    #expect(Platform.environment("PATH") != nil)
    let (wall, busy) = (Platform.monotonicSeconds, Platform.processSeconds)
    #expect(Platform.monotonicSeconds >= wall && Platform.processSeconds >= busy)
  }
}

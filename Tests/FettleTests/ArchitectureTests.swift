// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Testing

/// The rooms import only what the table in docs/architecture.md allows.
@Suite struct ArchitectureTests {
  /// For each room the rooms that it may import; those of its imports are meant too.
  static let allowed: [String: [String]] = [
    "CompilerSupport": [], "Tensors": ["CompilerSupport"], "Targets": ["CompilerSupport"],
    "GraphIR": ["Tensors"], "Rewriting": ["GraphIR"], "ONNX": ["GraphIR"],
    "Evaluation": ["GraphIR", "Rewriting"], "LoopIR": ["Tensors"],
    "Lowering": ["GraphIR", "Targets", "LoopIR"], "CEmission": ["LoopIR", "Targets"],
    "Execution": ["Rewriting", "Lowering", "CEmission"],
    "Rules": ["Rewriting"], "Passes": ["Rewriting", "Rules", "Evaluation", "Targets"], "Checking": ["CompilerSupport"],
    "Fettle": ["ONNX", "Passes", "Execution", "Checking"], "FettleTool": ["Fettle"],
  ]

  /// Libraries of the toolchain that any room may use.
  static let toolchain: Set = ["Synchronization", "Dispatch", "_StringProcessing"]

  private func reachable(_ room: String) -> Set<String> {
    var found: Set<String> = [room]
    var open = [room]
    while let next = open.popLast() {
      for other in Self.allowed[next] ?? [] where found.insert(other).inserted { open.append(other) }
    }
    return found
  }

  @Test func everyRoomIsInTheTable() throws {
    #expect(
      try Platform.entries(of: Repository.path("Sources")).sorted() == Self.allowed.keys.sorted())
  }

  @Test(arguments: allowed.keys.sorted()) func imports(of room: String) throws {
    let rooms = reachable(room)
    for path in try SwiftSources.files(below: Repository.path("Sources/\(room)")) {
      let isPlatform = path.contains("/Platform/")
      for line in try Platform.readText(path).split(separator: "\n") {
        let words = line.split(separator: " ")
        guard let keyword = words.firstIndex(of: "import"), keyword <= 1, words.count > keyword + 1,
          keyword == 0 || ["public", "internal", "package"].contains(words[0])
        else { continue }
        let module = String(words[keyword + 1])
        let isAllowed = rooms.contains(module) || Self.toolchain.contains(module)
          || isPlatform && ["Glibc", "Darwin"].contains(module)
        #expect(isAllowed, "\(path) imports \(module)")
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Passes
import Rewriting
import Rules
import Testing

/// Damaged rules are read or refused, and what is read is applied or declined; these tests fail by crashing.
@Suite struct RuleFuzz {
  static let folder = {
    let tests = Paths.folder(of: Paths.folder(of: #filePath))
    return Paths.folder(of: tests)
  }()

  static let splices: [[UInt8]] = [
    "%", "@", "$", "_", ",", "(", ")", "{", "}", "[", "]", "\"", "...", "~", "|", "?", "=>", "where", "rule ", "else", "not ",
    "-9223372036854775808", "9223372036854775807", "1e999", "inf", "nan", "-", "/ 0", "* 4611686018427387904", "in", "==", "\n", "ÿ",
    "\u{0}", "if(", "range(", "fill(", "put(", "%x", "%y", "$p", "@c", "f32[", ": any[", "///",
  ].map { Array($0.utf8) }

  @Test(arguments: 0..<8) func textIsReadOrRefused(_ seed: Int) throws {
    var random = TestRandom(seed + 1)
    let text = try Platform.readText(Paths.join(Self.folder, "Sources/Passes/Canonicalization/Canonical.rules"))
    let rules = text.split(separator: "\n\n").map { Array($0.utf8) }.filter { $0.contains(0x7B) }
    let graph = try Graph.parse(text: RuleConditions.graph)
    for _ in 0..<1500 {
      var damaged = rules.randomElement(using: &random) ?? []
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0..<damaged.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: damaged.removeSubrange(place...)
        case 1: damaged[place] = UInt8.random(in: 0...255, using: &random)
        case 2:
          let end = min(damaged.count, place + Int.random(in: 1...20, using: &random))
          damaged.removeSubrange(place..<end)
        default: damaged.insert(contentsOf: Self.splices.randomElement(using: &random) ?? [], at: place)
        }
        if damaged.isEmpty { damaged = [0x20] }
      }
      guard let set = try? RuleSet(parsing: String(decoding: damaged, as: UTF8.self)) else { continue }
      var copy = graph
      try? GreedyDriver(pass: "fuzz", set.rewrites).run(on: &copy)
      #expect(copy.verify().isEmpty)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Rules

/// Notes what became of the rules.
final class RuleTrace: PassObserver {
  private(set) var applied: [String] = []
  private(set) var declined: [String] = []

  let watchesRewrites = true
  func tried(_ event: RewriteEvent) {
    switch event.outcome {
    case .applied: applied.append(event.rewrite)
    case .declined(let reason): declined.append("\(event.rewrite): \(reason)")
    }
  }
}

/// Rules on graphs given as texts.
enum RuleRun {
  /// The graph after the rules, as text, and what became of them.
  static func apply(_ rules: String, to text: String) throws -> (text: String, trace: RuleTrace) {
    let set = try RuleSet(parsing: rules, file: "my.rules")
    var graph = try Graph.parse(text: text)
    let trace = RuleTrace()
    try GreedyDriver(pass: "rules", set.rewrites).run(on: &graph, trace)
    let findings = graph.verify()
    guard findings.isEmpty else { throw Failure(findings) }
    return (graph.text().text, trace)
  }
}

/// A repeatable source of random numbers (SplitMix64).
struct TestRandom: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: Int) { state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

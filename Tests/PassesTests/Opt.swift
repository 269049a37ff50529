// SPDX-License-Identifier: Apache-2.0
import Checking
import CompilerSupport
import Evaluation
import GraphIR
import Passes
import Rewriting
import Tensors

/// Runs `opt -p PIPELINE FILE` of a sample's RUN lines, and compares graphs on seeded inputs. In the
/// place of `--data FILE` behind it, seeded inputs are the samples.
enum Opt {
  static func run(_ words: [String]) -> CommandResult {
    do throws(Failure) {
      let hasData = words.count == 6 && words[4] == "--data"
      guard words.count == 4 || hasData, words[0] == "opt", words[1] == "-p" else {
        throw Failure("expected 'opt -p PIPELINE FILE [--data FILE]'")
      }
      let text = try Platform.readText(words[3])
      return CommandResult(stdout: try optimized(text, words[2]).text().text)
    } catch {
      return CommandResult(stderr: error.description, status: error.kind.rawValue)
    }
  }

  static func optimized(_ text: String, _ pipeline: String) throws(Failure) -> Graph {
    try optimized(try Graph.parse(text: text), pipeline)
  }

  static func optimized(_ graph: Graph, _ pipeline: String) throws(Failure) -> Graph {
    var graph = graph
    var context = PassContext(runner: Evaluation(), samples: Samples(samples(for: graph)))
    try Pipeline(parsing: pipeline, known: standardPasses).run(on: &graph, &context)
    return graph
  }

  static func compare(_ comparison: CheckComparison) -> String? {
    do throws(Failure) {
      let before = try Graph.parse(text: comparison.text)
      let after = try optimized(before, comparison.commands[0][2])
      return try difference(before, after, comparison.tolerance)
    } catch {
      return error.description
    }
  }

  /// Runs graphs by the evaluator.
  private struct Evaluation: GraphRunner {
    func run(
      _ graph: Graph, on samples: Samples, _ receive: (Int, [Tensor]) throws(Failure) -> Void
    ) throws(Failure) {
      for i in 0..<samples.count { try receive(i, Evaluator(graph).run(samples.load(i))) }
    }
  }

  /// Three sets of inputs, the first of which is all zero.
  private static func samples(for graph: Graph) -> [[Tensor]] {
    (0..<3).map { seed in
      var random = Random(seed: seed)
      return graph.inputs.map { port in
        let type = graph.type(of: port.value)
        // All numbers of a narrow type; from −1 to 1 of others.
        let limits = type.element.bitCount <= 16 ? type.element.integerRange : nil
        let (low, high) = limits.map { (Double($0.lowerBound), Double($0.upperBound)) } ?? (-1, 1)
        return Tensor(
          type,
          rounding: (0..<type.shape.elementCount).map { _ in
            seed == 0 ? 0 : low + random.unit() * (high - low)
          })
      }
    }
  }

  /// What differs beyond a tolerance on three sets of inputs, the first of which is all zero.
  static func difference(
    _ before: Graph, _ after: Graph, _ tolerance: CheckTolerance
  ) throws(Failure) -> String? {
    for inputs in samples(for: before) {
      let old = try Evaluator(before).run(inputs)
      let new = try Evaluator(after).run(inputs)
      for (a, b) in zip(old, new) {
        guard a.type == b.type else { return "types \(a.type) and \(b.type)" }
        let (x, y) = (a.doubles(), b.doubles())
        let scale = x.reduce(0) { max($0, abs($1)) }
        let bound: Double =
          switch tolerance {
          case .exact: 0
          case .absolute(let bound): bound
          case .relative(let bound): bound * scale
          }
        for (i, (p, q)) in zip(x, y).enumerated() where !(p == q || abs(p - q) <= bound) {
          return "element \(i) was \(p) and is \(q)"
        }
      }
    }
    return nil
  }
}

/// A repeatable source of random numbers (SplitMix64).
struct Random {
  private var state: UInt64

  init(seed: Int) { state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// From 0 to below `limit`.
  mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
  /// From 0 to below 1.
  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}

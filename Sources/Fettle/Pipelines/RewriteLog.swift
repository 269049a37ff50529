// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting

/// What became of each rewrite that was tried: told at once (`--trace-rewrites`), counted (`--stats`).
final class RewriteLog: PassObserver {
  private struct Count {
    var applied = 0
    var declined = 0
    /// How often each reason was given.
    var reasons: [String: Int] = [:]
  }

  /// The passes that are traced; nil for none, empty for all.
  private let traced: [String]?
  private let counts: Bool
  private let print: (String) -> Void
  private var keys: [String] = []
  private var table: [String: Count] = [:]

  init(_ arguments: Arguments, _ pipeline: Pipeline, _ session: Session) throws(Failure) {
    let names = try PassReportOptions.passes(PassReportOptions.trace, arguments, in: pipeline)
    traced = names.isEmpty ? nil : names.contains("") ? [] : names
    counts = arguments.has(PassReportOptions.stats)
    print = session.errors
  }

  var watchesRewrites: Bool { counts || traced != nil }

  func tried(_ event: RewriteEvent) {
    if let traced, traced.isEmpty || traced.contains(event.pass) { trace(event) }
    if counts { count(event) }
  }

  private func trace(_ event: RewriteEvent) {
    let layers = event.location.layers
    let place = layers.isEmpty ? "" : " of " + layers.map { "'\($0)'" }.joined(separator: ", ")
    let outcome =
      switch event.outcome {
      case .applied: "applied"
      case .declined(let reason): "declined: \(reason)"
      }
    print("\(event.pass): \(event.rewrite): \(event.op)\(place): \(outcome)\n")
  }

  private func count(_ event: RewriteEvent) {
    let key = "\(event.pass)\n\(event.rewrite)"
    if table[key] == nil { keys.append(key) }
    switch event.outcome {
    case .applied: table[key, default: Count()].applied += 1
    case .declined(let reason):
      table[key, default: Count()].declined += 1
      table[key, default: Count()].reasons[Self.withoutNames(reason), default: 0] += 1
    }
  }

  /// A reason with `…` for the names of values in it, so that like reasons are counted together.
  private static func withoutNames(_ reason: String) -> String {
    let parts = reason.split(separator: "'", omittingEmptySubsequences: false)
    guard parts.count > 2 else { return reason }
    return parts.enumerated().map { $0.offset % 2 == 1 ? "…" : String($0.element) }.joined()
  }

  /// Prints the counts, if they are wanted.
  func finish() {
    guard counts else { return }
    var text = Table([
      ("pass", .left), ("rewrite", .left), ("applied", .right), ("declined", .right),
      ("most often because", .left),
    ])
    for key in keys {
      guard let count = table[key] else { continue }
      let parts = key.split(separator: "\n").map(String.init)
      // Of equally frequent reasons the first in the alphabet.
      let reason = count.reasons.min { ($1.value, $0.key) < ($0.value, $1.key) }
      text.row([
        parts[0], parts[1], "\(count.applied)", "\(count.declined)",
        reason.map { "\($0.key) (\($0.value))" } ?? "",
      ])
    }
    print(text.text)
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR

extension GraphDifference {
  /// The differences for people: grouped by layer, `-` for what is gone, `+` for what is new, `~`
  /// for what changed; empty if nothing did.
  var text: String {
    guard !isEmpty else { return "" }
    var out = ""
    if !ports.isEmpty {
      out += "ports\n"
      for detail in ports { out += "  \(Self.mark(detail)) \(Self.line(detail))\n" }
    }
    for layer in layers {
      let names = OpText.layers(layer.location)
      out += names.isEmpty ? "without a layer\n" : "layer \(names)\n"
      for change in layer.changes {
        let mark = change.kind == .removed ? "-" : change.kind == .added ? "+" : "~"
        out += "  \(mark) \(change.op) \(change.results)\n"
        for detail in change.details { out += "      \(Self.line(detail))\n" }
      }
    }
    return out + summary + "\n"
  }

  /// `1 op removed, 2 added, 3 changed; 20 ops before, 21 after`.
  var summary: String {
    let removed = count(.removed)
    return
      "\(removed) op\(removed == 1 ? "" : "s") removed, \(count(.added)) added, \(count(.changed)) changed; "
      + "\(oldOpCount) op\(oldOpCount == 1 ? "" : "s") before, \(newOpCount) after"
  }

  private static func mark(_ detail: Detail) -> String {
    detail.before == nil ? "+" : detail.after == nil ? "-" : "~"
  }

  /// A detail in one line.
  static func line(_ detail: Detail) -> String {
    let text: String
    switch (detail.before, detail.after) {
    case (let a?, let b?): text = "\(detail.subject): \(a) -> \(b)"
    case (let a?, nil): text = "\(detail.subject): \(a) -> none"
    case (nil, let b?): text = "\(detail.subject): \(b)"
    case (nil, nil): text = detail.subject
    }
    guard let gap = detail.gap else { return text }
    return text
      + " (\(gap.differing) of \(gap.elements) elements differ, by at most \(Float(gap.largest)))"
  }

  /// The differences for programs.
  var json: JSONValue {
    .object([
      .init("same", .bool(isEmpty)), .init("ops_before", .integer(oldOpCount)),
      .init("ops_after", .integer(newOpCount)), .init("removed", .integer(count(.removed))),
      .init("added", .integer(count(.added))), .init("changed", .integer(count(.changed))),
      .init("ports", .array(ports.map(Self.json))),
      .init(
        "layers",
        .array(
          layers.map { layer in
            .object([
              .init("location", .array(layer.location.layers.map { .string($0) })),
              .init("changes", .array(layer.changes.map(Self.json))),
            ])
          })),
    ])
  }

  private static func json(_ change: OpChange) -> JSONValue {
    .object([
      .init("kind", .string(change.kind.rawValue)), .init("op", .string(change.op)),
      .init("results", .string(change.results)),
      .init("details", .array(change.details.map(json))),
    ])
  }

  private static func json(_ detail: Detail) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("subject", .string(detail.subject)),
      .init("before", detail.before.map { .string($0) } ?? .null),
      .init("after", detail.after.map { .string($0) } ?? .null),
    ]
    if let gap = detail.gap {
      members += [
        .init("elements", .integer(gap.elements)), .init("differing", .integer(gap.differing)),
        .init("max_abs_difference", .number(gap.largest)),
      ]
    }
    return .object(members)
  }
}

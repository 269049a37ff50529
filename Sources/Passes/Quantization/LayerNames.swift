// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR

extension Graph {
  /// The names by which options mean an op: those of its layers, or if it has none that of its
  /// result.
  func optionNames(of op: OpID) -> [String] {
    let layers = location(of: op).layers
    guard layers.isEmpty else { return layers }
    let name = name(of: results(of: op)[0])
    return name.isEmpty ? [] : [name]
  }
}

/// What to say of a name in an option that means nothing.
enum LayerNames {
  /// Of an unknown layer.
  static func notes(onLayer name: String, among names: [String]) -> [String] {
    var distinct: [String] = []
    var seen: Set<String> = []
    for name in names where seen.insert(name).inserted { distinct.append(name) }
    return Spelling.notes(for: name, among: distinct)
      + ["'fettle sensitivity' and 'fettle analyze' list the layers of a model by name"]
  }

  /// Of an unknown op: it may be what a field of one says, as `relu` is a function of `unary`.
  static func notes(onOp name: String, _ ops: OpSet) -> [String] {
    let word = name.lowercased()
    func fields<Op: OpDefinition>(_ kind: Op.Type) -> [String] {
      // Fields that take one of some words, as in `relu | tanh`.
      kind.fields.filter { field in
        let words = field.form.split(separator: "|").map { $0.split(separator: " ").joined() }
        return words.count > 1 && words.contains(word)
      }.map(\.name)
    }
    let meant = ops.kinds.flatMap { kind in
      fields(kind).map { "'\(word)' is a '\(kind.name)', by its \($0)" }
    }
    let near = meant.isEmpty ? Spelling.notes(for: name, among: ops.kinds.map { $0.name }) : meant
    return near + ["'fettle describe ops' lists the ops"]
  }
}

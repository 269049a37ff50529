// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR

/// What a name of a model stands for during the import.
enum Binding {
  case value(ValueID)
  /// A constant that nobody has read yet.
  case initializer(TensorProto)
  case sparseInitializer(SparseTensorProto)
  /// The result of a node that is not supported.
  case missing
}

/// A list of nodes on its way in: the model's graph, the body of a function or a branch. Frames
/// form a stack of their own, so that deep nesting costs no machine stack.
struct ImportFrame {
  let nodes: [NodeProto]
  /// Whether an output depends on the node.
  let needed: [Bool]
  var position = 0
  var names: [String: Binding]
  let opsets: [OperatorSetIdProto]
  /// The attributes that the caller gives to a function, by name.
  var attributes: [String: AttributeProto] = [:]
  /// What stands in front of the names of layers.
  var prefix = ""
  /// The frame whose names can be seen too: a branch reads what is around it.
  var parent: Int?
  /// The node that stands for the frame in the frame below, and the names of its results in here.
  var caller: NodeProto?
  var results: [String] = []
  /// The names that a node of the frame defines.
  let produced: [String: Int]
  /// What the model says of the types of values in here.
  var declared: [String: ValueInfoProto] = [:]
}

/// The order of a list of nodes.
enum NodeOrder {
  /// The number of the node that defines each name.
  static func producers(_ nodes: [NodeProto]) -> [String: Int] {
    var producers: [String: Int] = [:]
    producers.reserveCapacity(nodes.count)
    for (number, node) in nodes.enumerated() {
      for output in node.outputs where !output.isEmpty {
        producers[output] = number
      }
    }
    return producers
  }

  /// The nodes that one of the names depends on, not looking behind the names in `stops`.
  static func needed(
    _ nodes: [NodeProto], for names: [String], producers: [String: Int], stops: Set<String> = []
  ) -> [Bool] {
    var needed = [Bool](repeating: false, count: nodes.count)
    var pending = names
    while let name = pending.popLast() {
      guard !stops.contains(name), let number = producers[name], !needed[number] else { continue }
      needed[number] = true
      pending.append(contentsOf: nodes[number].inputs)
      pending.append(contentsOf: namesInGraphs(of: nodes[number]))
    }
    return needed
  }

  /// The names that the branches and bodies of a node mention.
  static func namesInGraphs(of node: NodeProto) -> [String] {
    var names: [String] = []
    var pending = [node]
    while let node = pending.popLast() {
      for graph in node.graphs {
        names.append(contentsOf: graph.outputs.map(\.name))
        for inner in graph.nodes {
          names.append(contentsOf: inner.inputs)
          pending.append(inner)
        }
      }
    }
    return names
  }

  /// The failure for a node that reads a name before it is computed: a cycle, or a wrong order.
  static func failure(
    _ nodes: [NodeProto], _ reader: Int, _ name: String, producers: [String: Int]
  ) -> Failure {
    var seen: Set<Int> = []
    var pending = [name]
    while let name = pending.popLast() {
      guard let number = producers[name] else { continue }
      if number == reader {
        return Failure(
          "the node is part of a cycle: '\(name)' depends on itself",
          at: Origin(subject: nodes[reader].subject))
      }
      if seen.insert(number).inserted { pending.append(contentsOf: nodes[number].inputs) }
    }
    let later = producers[name].map { nodes[$0].subject } ?? "a later node"
    return Failure(
      "'\(name)' is read before \(later) computes it",
      at: Origin(subject: nodes[reader].subject),
      notes: ["the nodes of a model must be in topological order"])
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// What a model comes to when its functions are written out, found without doing so: each function is looked at once, however
/// often it is called.
struct ModelExtent {
  /// Nodes and how deep they are nested.
  private struct Size {
    var nodes: Checked = 0
    var nesting = 0
  }

  private let functions: [String: FunctionProto]
  private var known: [String: Size] = [:]
  /// The functions that are being looked at, outermost first.
  private var open: Set<String> = []

  /// Throws if the model exceeds `ModelLimits`, or if a function calls itself.
  static func check(_ model: ModelProto) throws(Failure) {
    var extent = ModelExtent(
      functions: Dictionary(
        model.functions.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first }))
    let size = try extent.size(of: model.graph.nodes)
    guard size.nodes.size(upTo: ModelLimits.nodes) != nil else {
      throw Failure(
        "with its functions written out, the model has more than \(ModelLimits.nodes) nodes")
    }
  }

  private init(functions: [String: FunctionProto]) { self.functions = functions }

  private mutating func size(of nodes: [NodeProto]) throws(Failure) -> Size {
    var size = Size()
    var pending = [(nodes: nodes, depth: 0)]
    while let (nodes, depth) = pending.popLast() {
      size.nodes += Checked(nodes.count)
      for node in nodes {
        let inner = try call(node)
        size.nodes += inner.nodes
        size.nesting = max(size.nesting, depth + inner.nesting)
        guard open.count + size.nesting <= ModelLimits.nesting else { throw tooDeep(node) }
        for graph in node.graphs { pending.append((graph.nodes, depth + 1)) }
      }
    }
    return size
  }

  /// What a node adds if it calls a function.
  private mutating func call(_ node: NodeProto) throws(Failure) -> Size {
    guard !functions.isEmpty else { return Size() }
    let key = FunctionCall.key(node.domain, node.opType, node.overload)
    guard let function = functions[key] else { return Size() }
    if let known = known[key] { return known }
    guard open.insert(key).inserted else {
      throw Failure("the function calls itself", at: Origin(subject: node.subject))
    }
    // So deep this calls itself, and no deeper.
    guard open.count <= ModelLimits.nesting else { throw tooDeep(node) }
    var size = try size(of: function.nodes)
    size.nesting += 1
    open.remove(key)
    known[key] = size
    return size
  }

  private func tooDeep(_ node: NodeProto) -> Failure {
    Failure(
      "functions and branches are nested more than \(ModelLimits.nesting) deep",
      at: Origin(subject: node.subject))
  }
}

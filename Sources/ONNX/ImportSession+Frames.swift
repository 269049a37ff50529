// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// The frames of an import: how bodies of functions and branches are entered and left.
extension ImportSession {
  /// Starts on the body of a function that a node calls.
  func enter(
    _ function: FunctionProto, call: NodeProto, operands: [ValueID?], frame: Int
  ) throws(Failure) {
    let origin = Origin(subject: call.subject)
    try checkRoom(at: call)
    guard operands.count <= function.inputs.count, call.outputs.count <= function.outputs.count
    else {
      throw Failure(
        "the function takes \(function.inputs.count) operands and gives "
          + "\(function.outputs.count) results", at: origin)
    }
    var names: [String: Binding] = [:]
    for (name, operand) in zip(function.inputs, operands) {
      if let operand { names[name] = .value(operand) }
    }
    let producers = NodeOrder.producers(function.nodes)
    let wanted = zip(function.outputs, call.outputs).filter { !$1.isEmpty }.map(\.0)
    let nodes = FunctionCall.nodes(
      of: function, given: Set(zip(function.inputs, operands).filter { $1 != nil }.map(\.0)))
    frames.append(
      ImportFrame(
        nodes: nodes,
        needed: NodeOrder.needed(nodes, for: wanted, producers: producers), names: names,
        opsets: function.opsetImports.isEmpty ? frames[frame].opsets : function.opsetImports,
        attributes: FunctionCall.attributes(of: function, call: call),
        prefix: location(of: call, frame: frame).layers[0] + "/", caller: call,
        results: function.outputs, produced: producers, declared: Self.declared(function.valueInfo)))
  }

  /// Starts on the branch of an If that its condition, a constant, takes.
  func enterBranch(_ node: NodeContext, frame: Int) throws(Failure) {
    guard let condition = try node.constant(0) else {
      throw node.unsupported(
        "the condition depends on an input",
        "only a condition that is constant is supported: its branch is taken")
    }
    guard condition.count == 1 else { throw node.failure("the condition has \(condition.type)") }
    let isTrue = condition.integers()[0] != 0
    guard let branch = try node.node.graph(isTrue ? "then_branch" : "else_branch") else {
      throw node.failure("the branch is missing")
    }
    try checkRoom(at: node.node)
    let producers = NodeOrder.producers(branch.nodes)
    var names: [String: Binding] = [:]
    for tensor in branch.initializers { names[tensor.name] = .initializer(tensor) }
    for tensor in branch.sparseInitializers {
      names[tensor.values.name] = .sparseInitializer(tensor)
    }
    let results = branch.outputs.map(\.name)
    guard node.node.outputs.count <= results.count else {
      throw node.failure("the branch gives \(results.count) results")
    }
    frames.append(
      ImportFrame(
        nodes: branch.nodes,
        needed: NodeOrder.needed(branch.nodes, for: results, producers: producers),
        names: names, opsets: frames[frame].opsets, attributes: frames[frame].attributes,
        prefix: node.location.layers[0] + "/", parent: frame, caller: node.node,
        results: results, produced: producers,
        declared: Self.declared(branch.valueInfo + branch.outputs)))
  }

  /// The graphs that a call hands to a function as attributes are written out as often as the function says: only here does it
  /// show how far that goes.
  func checkRoom(at node: NodeProto) throws(Failure) {
    guard frames.count <= ModelLimits.nesting else {
      throw Failure(
        "functions and branches are nested more than \(ModelLimits.nesting) deep",
        at: Origin(subject: node.subject))
    }
  }

  /// Hands the results of the topmost frame to the names of the node that stands for it.
  func leaveFrame() throws(Failure) {
    let top = frames.count - 1
    guard let caller = frames[top].caller else { unreachable("the model's frame has no caller") }
    for (name, inner) in zip(caller.outputs, frames[top].results) where !name.isEmpty {
      if case .missing = binding(inner, frame: top) {
        bind(name, .missing, frame: top - 1)
        continue
      }
      guard let value = try lookUp(inner, frame: top) else {
        throw Failure("result '\(inner)' is never computed", at: Origin(subject: caller.subject))
      }
      bind(name, .value(value), frame: top - 1)
    }
    frames.removeLast()
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// How a call and the body of a function meet.
enum FunctionCall {
  /// What a function is known by.
  static func key(_ domain: String, _ name: String, _ overload: String) -> String {
    "\(domain == "ai.onnx" ? "" : domain)\u{0}\(name)\u{0}\(overload)"
  }

  /// The node with its references to attributes of the function replaced by what the call gives;
  /// one that
  /// the call does not give is left out.
  static func resolve(_ node: NodeProto, _ given: [String: AttributeProto]) -> NodeProto {
    guard node.attributes.contains(where: { isReference($0) }) else { return node }
    var copy = node
    copy.attributes = node.attributes.compactMap { attribute in
      guard case .reference(let name, _) = attribute.value else { return attribute }
      guard let value = given[name]?.value else { return nil }
      return AttributeProto(attribute.name, value)
    }
    return copy
  }

  /// The attributes inside of a function: the defaults, and what the call gives over them.
  static func attributes(
    of function: FunctionProto, call: NodeProto
  ) -> [String: AttributeProto] {
    var attributes: [String: AttributeProto] = [:]
    for attribute in function.attributeDefaults + call.attributes {
      attributes[attribute.name] = attribute
    }
    return attributes
  }

  /// The nodes of a function, with the operands that a call leaves out left out inside too.
  static func nodes(of function: FunctionProto, given: Set<String>) -> [NodeProto] {
    let absent = Set(function.inputs).subtracting(given)
    guard !absent.isEmpty else { return function.nodes }
    return function.nodes.map { node in
      guard node.inputs.contains(where: absent.contains) else { return node }
      var copy = node
      copy.inputs = node.inputs.map { absent.contains($0) ? "" : $0 }
      return copy
    }
  }

  private static func isReference(_ attribute: AttributeProto) -> Bool {
    if case .reference = attribute.value { true } else { false }
  }
}

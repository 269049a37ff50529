// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Cast and CastLike.
enum CastFamily: OperatorFamily {
  static let importers = [
    OperatorImporter("Cast", "between numbers and bool", read: cast),
    OperatorImporter("CastLike", since: 15, "between numbers and bool", read: castLike),
  ]

  @Sendable static func cast(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    // Both attributes speak of 8-bit floats only.
    node.ignore("saturate", "round_mode")
    return [try node.cast(try node.input(0), to: try element(node, "to"))]
  }

  @Sendable static func castLike(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    node.ignore("saturate", "round_mode")
    return [try node.cast(try node.input(0), to: node.type(try node.input(1)).element)]
  }

  /// An attribute that holds an element type: a number, or a name as in the first opsets.
  static func element(_ node: NodeContext, _ name: String) throws(Failure) -> ElementType {
    let type: ONNXElementType?
    if case .string? = node.node.attribute(name)?.value {
      let text = try node.string(name, default: "").uppercased()
      type = ONNXElementType.allCases.first { $0.name == text }
    } else {
      guard let number = try node.int(name) else { throw node.failure("\(name) is missing") }
      type = Int32(exactly: number).flatMap(ONNXElementType.init(rawValue:))
    }
    guard let type else { throw node.failure("\(name) names no element type") }
    guard let element = type.element else {
      throw node.unsupported(
        "elements of type \(type.name) are not supported",
        "floats, integers of 2 to 64 bits and bool are")
    }
    return element
  }
}

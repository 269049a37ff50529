// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
import Tensors

/// Something that must not be in a graph, and where.
struct GraphViolation {
  enum Place {
    case op(OpID)
    case value(ValueID)
    case graph
  }

  var place: Place
  var message: String

  /// The finding for the user, with the op or tensor by name.
  func diagnostic(in graph: Graph, at origin: Origin = Origin()) -> Diagnostic {
    var origin = origin
    origin.subject = subject(in: graph)
    return Diagnostic(message, at: origin)
  }

  private func subject(in graph: Graph) -> String? {
    switch place {
    case .graph: return nil
    case .op(let op):
      let kind = type(of: graph.definition(of: op)).name
      let result = graph.results(of: op).first.flatMap {
        graph.contains($0) ? graph.name(of: $0) : nil
      }
      let name = graph.location(of: op).layers.first ?? result ?? ""
      return name.isEmpty ? "op \(op) (\(kind))" : "op '\(name)' (\(kind))"
    case .value(let value):
      if let constant = graph.constant(value) { return "constant '\(constant.name)'" }
      let name = graph.name(of: value)
      return name.isEmpty ? "value \(value)" : "value '\(name)'"
    }
  }
}

extension Graph {
  /// All that is wrong with the graph: types, uses, order, ports, statistics. Nothing is, unless a rewrite or the compiler has a bug.
  /// Takes time in proportion to the graph.
  public func verify() -> [Diagnostic] { violations().map { $0.diagnostic(in: self) } }

  /// The same, with places.
  func violations() -> [GraphViolation] {
    var verifier = GraphVerifier(self)
    verifier.run()
    return verifier.found
  }
}

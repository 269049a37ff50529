// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// Ops of one kind with the same attributes and operands compute the same: the first of them stays.
///
///     %a = unary %x {function=relu}          %a = unary %x {function=relu}
///     %b = unary %x {function=relu}    →     … %a …
///     … %b …
enum CommonSubexpressions {
  /// What equal ops have in common. The text of the attributes only sorts them: `isSame` decides.
  private struct Key: Hashable {
    let kind: ObjectIdentifier
    let operands: [ValueID?]
    let attributes: String
  }

  /// Merges equal ops in one walk and returns how many went.
  @discardableResult
  static func merge(
    in graph: inout Graph, pass: String, _ observer: (any PassObserver)? = nil
  ) -> Int {
    let trace = RewriteTrace(pass: pass, rewrite: "merge-equal-ops", observer)
    return graph.rewrite { rw in
      var known: [Key: [OpID]] = [:]
      var merged = 0
      for op in rw.graph.opIDs where !widensOperand(op, in: rw.graph) {
        let definition = rw.graph.definition(of: op)
        let key = Key(
          kind: ObjectIdentifier(type(of: definition)), operands: rw.graph.operands(of: op),
          attributes: attributes(definition))
        let equal = known[key]?.first { definition.isSame(as: rw.graph.definition(of: $0)) }
        guard let equal else {
          known[key, default: []].append(op)
          continue
        }
        trace.applied(op, rw.graph)
        rw.setLocation(
          of: equal, to: rw.graph.location(of: equal).joined(with: rw.graph.location(of: op)))
        for (old, new) in zip(rw.graph.results(of: op), rw.graph.results(of: equal)) {
          rw.replaceAllUses(of: old, with: new)
        }
        rw.erase(op)
        merged += 1
      }
      return merged
    }
  }

  /// Whether an op makes wider integers for one reader that computes with them position by position: there it costs next to
  /// nothing, while one for several readers is stored.
  private static func widensOperand(_ op: OpID, in graph: Graph) -> Bool {
    guard graph.definition(of: op) is Cast, let input = graph.operands(of: op)[0] else {
      return false
    }
    let result = graph.results(of: op)[0]
    let (from, to) = (graph.type(of: input).element, graph.type(of: result).element)
    guard from.isInteger, to.isInteger, from.bitCount < to.bitCount, graph.hasSingleUse(result),
      let reader = graph.uses(of: result).first?.user
    else { return false }
    return graph.definition(of: reader) is Binary
  }

  private static func attributes<Op: OpDefinition>(_ op: Op) -> String {
    Op.fields.map { $0.text(op) }.joined(separator: " ")
  }
}

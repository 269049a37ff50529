// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting

/// Why an op computes with floats in a quantized graph.
enum FloatReason {
  /// The rewrite that is made for an op.
  private enum Theme { case layer, sum, product, average, softmax, movement, table }

  /// The reason in words.
  static func of(_ op: OpID, in graph: Graph) -> String {
    let definition = graph.definition(of: op)
    guard let theme = theme(of: definition) else {
      return "\(type(of: definition).name) has no form for integers"
    }
    guard let quantize = quantize(behind: op, in: graph) else {
      return "its result is not quantized"
    }
    var rw = Rewriter(graph)
    rw.insertionPoint = quantize.id
    do throws(Declined) {
      switch theme {
      case .layer: try IntegerLayer.rewrite(quantize, .float, &rw)
      case .sum: try IntegerAddition.rewrite(quantize, .float, &rw)
      case .product: try IntegerProduct.rewrite(quantize, .float, &rw)
      case .average: try IntegerAverage.rewrite(quantize, .float, &rw)
      case .softmax: try IntegerSoftmax.rewrite(quantize, .float, &rw)
      case .movement: try IntegerMovement.rewrite(quantize, .float, &rw)
      case .table: try LookupTable.rewrite(quantize, &rw)
      }
      return "'\(LowerQuantized.name)' was not applied"
    } catch {
      return error.description
    }
  }

  private static func theme(of definition: any OpDefinition) -> Theme? {
    switch definition {
    case is Convolution, is MatrixMultiply: .layer
    case let binary as Binary:
      switch binary.function {
      case .add, .sub: .sum
      case .mul, .div: .product
      default: .table
      }
    case let pool as Pool where pool.kind == .average: .average
    case let reduce as Reduce where reduce.kind == .mean || reduce.kind == .sum: .average
    case let softmax as Softmax where !softmax.logarithm: .softmax
    case is Unary, is Cast, is Select: .table
    default: IntegerMovement.movesOnly(definition) ? .movement : nil
    }
  }

  /// The quantize of an op's result, perhaps behind elementwise ops that alone read it.
  private static func quantize(behind op: OpID, in graph: Graph) -> OpRef<Quantize>? {
    var value = graph.results(of: op)[0]
    for _ in 0..<16 {
      guard graph.hasSingleUse(value), let reader = graph.uses(of: value).first?.user else {
        return nil
      }
      if let quantize = graph.op(reader, as: Quantize.self) { return quantize }
      guard graph.definition(of: reader) is Unary else { return nil }
      value = graph.results(of: reader)[0]
    }
    return nil
  }
}

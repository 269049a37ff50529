// SPDX-License-Identifier: Apache-2.0
public import GraphIR
import Rewriting

/// Why an op computes with floats in a quantized graph.
enum FloatReason {
  /// The rewrite that is made for an op.
  private enum Theme { case layer, arithmetic, average, softmax, resize, movement, function }

  /// The reason in words.
  static func of(_ op: OpID, in graph: Graph) -> String {
    let definition = graph.definition(of: op)
    guard let theme = theme(of: definition) else {
      return "\(type(of: definition).name) has no form for integers"
    }
    var rw = Rewriter(graph)
    guard let quantize = quantize(behind: op, in: graph) else {
      return reason(theme, withoutQuantize: op, &rw)
    }
    rw.insertionPoint = quantize.id
    do throws(Declined) {
      switch theme {
      case .layer: try IntegerLayer.rewrite(quantize, .float, &rw)
      case .arithmetic: try IntegerArithmetic.rewrite(quantize, .float, &rw)
      case .average: try IntegerAverage.rewrite(quantize, .float, &rw)
      case .softmax: try IntegerSoftmax.rewrite(quantize, .float, &rw)
      case .resize: try IntegerResize.rewrite(quantize, .float, &rw)
      case .movement: try IntegerMovement.rewrite(quantize, .float, &rw)
      case .function:
        do throws(Declined) {
          try LookupTable.rewrite(quantize, &rw)
        } catch {
          try IntegerInterpolation.rewrite(quantize, .float, &rw)
        }
      }
      return notApplied
    } catch {
      return error.description
    }
  }

  private static func reason(
    _ theme: Theme, withoutQuantize op: OpID, _ rw: inout Rewriter
  ) -> String {
    guard theme == .layer else { return "its result is not quantized" }
    rw.insertionPoint = op
    do throws(Declined) {
      try DequantizedLayer.rewrite(op, &rw)
      return notApplied
    } catch {
      return error.description
    }
  }

  private static let notApplied = "'\(LowerQuantized.name)' was not applied"

  private static func theme(of definition: any OpDefinition) -> Theme? {
    switch definition {
    case is Convolution, is MatrixMultiply: .layer
    case let definition where IntegerArithmetic.isArithmetic(definition): .arithmetic
    case let pool as Pool where pool.kind == .average: .average
    case let reduce as Reduce where reduce.kind == .mean || reduce.kind == .sum: .average
    case let softmax as Softmax where !softmax.logarithm: .softmax
    case let resize as Resize where resize.mode != .nearest: .resize
    case is Unary, is Binary, is Cast, is Select: .function
    default: IntegerMovement.movesOnly(definition) ? .movement : nil
    }
  }

  /// Whether an op computes with floats only because nothing was lowered yet.
  static func isNotLowered(_ op: OpID, in graph: Graph) -> Bool { of(op, in: graph) == notApplied }

  /// The first quantize of an op's result, perhaps behind elementwise ops.
  private static func quantize(behind op: OpID, in graph: Graph) -> OpRef<Quantize>? {
    var value = graph.results(of: op)[0]
    for _ in 0..<16 {
      let readers = graph.uses(of: value).map(\.user)
      for reader in readers {
        if let quantize = graph.op(reader, as: Quantize.self) { return quantize }
      }
      guard let next = readers.first(where: { graph.definition(of: $0) is Unary }) else {
        return nil
      }
      value = graph.results(of: next)[0]
    }
    return nil
  }
}

extension LowerQuantized {
  /// Whether a graph computes with floats what the pass computes with integers. As each trial copies the graph, a limited
  /// number of ops that read dequantized values is asked.
  public static func wouldChange(_ graph: Graph) -> Bool {
    graph.opIDs.lazy.filter { op in
      let definition = graph.definition(of: op)
      guard !(definition is Quantize), !(definition is Dequantize) else { return false }
      return graph.operands(of: op).contains { operand in
        guard let operand, let producer = graph.producer(of: operand) else { return false }
        return graph.definition(of: producer) is Dequantize
      }
    }
    .prefix(64).contains { FloatReason.isNotLowered($0, in: graph) }
  }
}

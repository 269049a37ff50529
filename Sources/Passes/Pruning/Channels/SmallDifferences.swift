// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors

/// What becomes of differences that rounding hides, on their way to the layers that sum them up with larger numbers.
enum SmallDifferences {
  /// Whether what is negligible in a value stays so in all that reads it, up to the next weighted sums. A sign, a root, a quotient or a
  /// normalisation in between makes it as large as the other channels, and doubles hold more than the tolerance is made for.
  static func staySmall(after value: ValueID, in graph: Graph) -> Bool {
    var seen: Set<ValueID> = [value]
    var open = [value]
    while let next = open.popLast() {
      if graph.type(of: next).element == .f64 { return false }
      for use in graph.uses(of: next) {
        let definition = graph.definition(of: use.user)
        if isWeightedSum(definition) { continue }
        guard keepsSmall(definition, slot: use.slot) else { return false }
        for result in graph.results(of: use.user) where seen.insert(result).inserted { open.append(result) }
      }
    }
    return true
  }

  private static func isWeightedSum(_ definition: any OpDefinition) -> Bool {
    definition is Convolution || definition is TransposedConvolution || definition is MatrixMultiply
  }

  /// Whether a small difference of the operand in a slot makes no larger one in the results than a small factor does.
  private static func keepsSmall(_ definition: any OpDefinition, slot: Int) -> Bool {
    switch definition {
    case let op as Unary:
      switch op.function {
      case .relu, .sigmoid, .tanh, .negate, .abs, .sin, .cos, .atan, .asinh, .erf, .softplus, .softsign, .hardSwish,
        .hardSigmoid, .leakyRelu, .elu, .clip, .swish:
        true
      case .exp, .log, .sqrt, .reciprocal, .sign, .floor, .ceil, .round, .tan, .asin, .acos, .sinh, .cosh, .acosh, .atanh,
        .not, .isNaN:
        false
      }
    case let op as Binary:
      switch op.function {
      case .add, .sub, .mul, .max, .min, .prelu: true
      case .div: slot == 0
      default: false
      }
    case let op as Reduce:
      switch op.kind {
      case .sum, .mean, .max, .min: true
      default: false
      }
    // Rounding hides them, unless the scale is as small: then the pass sees outputs move.
    case is Quantize, is Dequantize: slot == 0
    case is Pool, is Reshape, is Transpose, is Slice, is Concat, is Pad, is Broadcast, is Resize, is Select, is Softmax: true
    default: false
    }
  }
}

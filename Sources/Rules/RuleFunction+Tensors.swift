// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

// Functions of tensors and of element types.
extension RuleFunction {
  static let tensors: [RuleFunction] = [
    RuleFunction("type", "%x", [.value], .fixed(.type), "the tensor type: element type and shape") {
      (args, graph) throws(Declined) in .type(graph.type(of: try args.value(0)))
    },
    RuleFunction("element", "%x", [.value], .fixed(.element), "the element type, as in f32") {
      (args, graph) throws(Declined) in .word(graph.type(of: try args.value(0)).element.rawValue)
    },
    RuleFunction("shape", "%x", [.value], .fixed(.ints), "the extents") {
      (args, graph) throws(Declined) in .ints(graph.type(of: try args.value(0)).shape.extents)
    },
    RuleFunction("rank", "%x", [.value], .fixed(.int), "the number of axes") {
      (args, graph) throws(Declined) in .int(graph.type(of: try args.value(0)).shape.rank)
    },
    RuleFunction(
      "dim", "%x, axis", [.value, .int], .fixed(.int), "the extent of an axis; -1 is the last"
    ) { (args, graph) throws(Declined) in
      let shape = graph.type(of: try args.value(0)).shape
      let number = try args.int(1)
      guard let axis = shape.axis(number) else { throw Declined("\(shape) has no axis \(number)") }
      return .int(shape[axis])
    },
    RuleFunction("count", "%x", [.value], .fixed(.int), "the number of elements") {
      (args, graph) throws(Declined) in .int(graph.type(of: try args.value(0)).shape.elementCount)
    },
    RuleFunction("present", "%x", [.value], .fixed(.bool), "whether an optional operand is there") {
      (args, _) throws(Declined) in .bool(args[0] != .value(nil))
    },
    RuleFunction("constant", "%x", [.value], .fixed(.bool), "whether it is a constant") {
      (args, graph) throws(Declined) in .bool(graph.tensor(try args.value(0)) != nil)
    },
    RuleFunction(
      "splat", "@c", [.value], .fixed(.number),
      "the value that all elements of a constant have; declines if they differ"
    ) { (args, graph) throws(Declined) in
      guard let tensor = graph.tensor(try args.value(0)) else {
        throw Declined("the operand is not a constant")
      }
      guard let value = tensor.uniformValue else {
        throw Declined("the elements of the constant differ")
      }
      return .number(value)
    },
    RuleFunction(
      "single_use", "%x", [.value], .fixed(.bool), "whether one op and no output reads it"
    ) { (args, graph) throws(Declined) in .bool(graph.hasSingleUse(try args.value(0))) },
    RuleFunction("is_output", "%x", [.value], .fixed(.bool), "whether an output of the graph reads it") {
      (args, graph) throws(Declined) in .bool(graph.isOutput(try args.value(0)))
    },
    RuleFunction(
      "nonnegative", "%x", [.value], .fixed(.bool),
      "whether the ops in front tell that no element is negative"
    ) { (args, graph) throws(Declined) in
      let value = try args.value(0)
      let isUnsigned = graph.type(of: value).element.kind == .unsigned
      return .bool(isUnsigned || ValueRange.isNonNegative(value, in: graph))
    },
  ]

  static let elements: [RuleFunction] = [
    RuleFunction("is_float", "element", [.element], .fixed(.bool), "whether it is a float type") {
      (args, _) throws(Declined) in .bool(try args.element(0).isFloat)
    },
    RuleFunction(
      "is_integer", "element", [.element], .fixed(.bool), "whether it is an integer type"
    ) { (args, _) throws(Declined) in .bool(try args.element(0).isInteger) },
    RuleFunction("bits", "element", [.element], .fixed(.int), "the bits of one element") {
      (args, _) throws(Declined) in .int(try args.element(0).bitCount)
    },
    RuleFunction(
      "holds", "wide, narrow", [.element, .element], .fixed(.bool),
      "whether the first element type has every value of the second"
    ) { (args, _) throws(Declined) in
      .bool(holds(try args.element(0), try args.element(1)))
    },
  ]

  /// Whether a type has every value of another.
  private static func holds(_ wide: ElementType, _ narrow: ElementType) -> Bool {
    if wide == narrow { return true }
    if narrow.isFloat {
      switch (wide, narrow) {
      case (.f64, _), (.f32, .f16), (.f32, .bf16): return true
      default: return false
      }
    }
    guard let inner = narrow.integerRange, narrow.bitCount < 64 else { return false }
    switch wide {
    case .f64: return narrow.bitCount <= 32
    case .f32: return narrow.bitCount <= 16
    case .f16, .bf16: return narrow.bitCount <= 8
    case .b1, .bool: return false
    default:
      guard let outer = wide.integerRange else { return false }
      return outer.contains(inner.lowerBound) && outer.contains(inner.upperBound)
    }
  }
}

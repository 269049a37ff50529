// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR

// Functions of numbers.
extension RuleFunction {
  static let numbers: [RuleFunction] = [
    RuleFunction(
      "near", "a, b, tolerance", [.number, .number, .number], .fixed(.bool), "whether |a − b| ≤ tolerance"
    ) { (args, _) throws(Declined) in
      .bool(abs(try args.number(0) - args.number(1)) <= (try args.number(2)))
    },
    arithmetic("max", .max, "the larger, entry by entry of lists"),
    arithmetic("min", .min, "the smaller, entry by entry of lists"),
    RuleFunction(
      "div", "a, b", [.int, .int], .fixed(.int), "the integer quotient, rounded down"
    ) { (args, _) throws(Declined) in try RuleArithmetic.quotient.apply(args[0], args[1]) },
    RuleFunction(
      "mod", "a, b", [.int, .int], .fixed(.int), "the remainder, with the sign of b"
    ) { (args, _) throws(Declined) in try RuleArithmetic.remainder.apply(args[0], args[1]) },
    RuleFunction("abs", "a", [.number], .fixed(.number), "the number without its sign") {
      (args, _) throws(Declined) in .number(abs(try args.number(0)))
    },
    RuleFunction("sqrt", "a", [.number], .fixed(.number), "the square root") {
      (args, _) throws(Declined) in .number(try args.number(0).squareRoot())
    },
    RuleFunction(
      "integer", "a", [.number], .fixed(.int), "a number as an integer; declines if it has a fraction"
    ) { (args, _) throws(Declined) in
      let number = try args.number(0)
      guard let integer = Int(exactly: number) else { throw Declined("\(number) is no integer") }
      return .int(integer)
    },
  ]

  private static func arithmetic(
    _ name: String, _ operation: RuleArithmetic, _ summary: String
  ) -> RuleFunction {
    RuleFunction(name, "a, b", [.arithmetic, .arithmetic], .joined, summary) {
      (args, _) throws(Declined) in try operation.apply(args[0], args[1])
    }
  }
}

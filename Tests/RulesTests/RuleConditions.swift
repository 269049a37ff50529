// SPDX-License-Identifier: Apache-2.0
import Testing

/// What conditions and functions say of one graph.
@Suite struct RuleConditions {
  static let graph = """
    graph @g(%x: f32[2,3,4], %i: i8[2]) -> (y: %y, d: %d, j: %j) {
      @c = f32[2] [0.5, 0.5]
      @k = f32[2] [1, 2]
      %m = transpose %x {permutation=[1,2,0]} : f32[3,4,2]
      %d = binary %m, @k {function=add} : f32[3,4,2]
      %a = binary %m, @c {function=mul} : f32[3,4,2]
      %y = unary %a {function=clip, alpha=-1, beta=2} : f32[3,4,2]
      %j = unary %i {function=abs} : i8[2]
    }
    """

  static func rule(_ condition: String) -> String {
    """
    rule t {
      %x: $e[$n, ...]
      %m = transpose %x {permutation=$p}
      %a = binary %m, @c {function=$f}
      %y = unary %a {function=clip, alpha=$low, beta=$high}
    } where {
      \(condition)
    } => {
      %y = unary %a {function=tanh}
    }
    """
  }

  static let hold = [
    "rank(%x) == 3", "rank(%x) != 2", "dim(%x, 0) == 2 and dim(%x, -1) == 4", "shape(%m) == [3, 4, 2]", "count(%x) == 24",
    "$n == 2", "$e == f32", "element(%x) in [f32, f16]", "is_float($e)", "not is_integer($e)", "bits($e) == 32",
    "type(%a) == type(%y)", "type(%x) != type(%m)", "%x == %x", "%x != %m", "constant(@c)", "not constant(%x)", "present(%x)",
    "splat(@c) == 0.5", "near(splat(@c), 1 / 2, 0)", "near(0.1, 0.2, 0.11)", "single_use(%a)", "not single_use(%m)",
    "is_output(%y)", "not is_output(%m)", "not nonnegative(%m)", "$f == mul", "$f in [add, mul]", "$low < $high",
    "$low <= -1 and $high >= 2", "$low == -1.0", "$low > -1.5", "$high < inf", "compose($p, inverse($p)) == range(3)",
    "compose($p, $p) == [2, 0, 1]", "pick(shape(%x), $p) == shape(%m)", "length($p) == 3", "entry($p, -1) == 0",
    "entry([0.5, 2], 0) == 0.5", "fill(2, 7) == [7, 7]", "join([1], [2]) == [1, 2]", "part($p, 1, 2) == [2, 0]",
    "reverse($p) == [0, 2, 1]", "sorted($p) == [0, 1, 2]", "positions([1, 2, 1], 1) == [0, 2]",
    "without([1, 2, 3], [2]) == [1, 3]", "put($p, [0, -1], [8, 9]) == [8, 2, 9]", "sum($p) == 3", "product(shape(%x)) == 24",
    "all([2, 2], 2)", "not all([2, 3], 2)", "all([], 1)", "ascending([1, 2])", "not ascending([1, 1])", "1 in $p",
    "[1, 2] in $p", "not (3 in $p)", "max(1, 2) == 2", "min($p, 1) == [1, 1, 0]", "max([1, 5], [3, 4]) == [3, 5]",
    "div(-7, 2) == -4", "mod(-7, 2) == 1", "abs(-2) == 2", "sqrt(16) == 4", "integer(4.0) == 4", "1 / 4 == 0.25",
    "2 * $p - 1 == [1, 3, -1]", "$p + $p == 2 * $p", "shape(%x) / 2 == [1, 1.5, 2]", "if($n == 2, 1, 2) == 1",
    "if(false, [1], [2]) == [2]", "holds(f32, i16) and holds(f64, i32) and holds(i8, i4) and holds(i16, u8)",
    "not holds(f32, i32) and not holds(u8, i8) and not holds(f16, bf16) and holds(i8, bool)", "true or entry([1], 5) == 1",
    "not (false and entry([1], 5) == 1)", "$q = $n * 2\n  $q == 4", "rank(%x) == 3, $n == 2", "-$n == -2", "(1 + 2) * 3 == 9",
    "1 + 2 * 3 == 7", "10 - 2 - 3 == 5", "not false and true", "false or true and true",
  ]

  @Test(arguments: hold) func holds(_ condition: String) throws {
    #expect(try RuleRun.apply(Self.rule(condition), to: Self.graph).trace.applied == ["t"])
  }

  /// A condition that does not hold, or has no value: the reason is told.
  @Test(arguments: [
    ("rank(%x) == 4", "'rank(%x) == 4' does not hold"), ("rank(%x) == 4 else \"no image\"", "no image"),
    ("dim(%x, 3) == 1", "[2,3,4] has no axis 3"), ("entry($p, 3) == 0", "a list of 3 entries has none at 3"),
    ("9223372036854775807 + $n > 0", "has no value"), ("div($n, 0) == 0", "has no value"), ("mod($n, 0) == 0", "has no value"),
    ("splat(%x) == 0", "the operand is not a constant"), ("integer(0.5) == 0", "0.5 is no integer"),
    ("integer(inf) == 0", "inf is no integer"), ("compose($p, [0, 0, 1]) == $p", "[0,0,1] is no permutation"),
    ("$p + [1] == $p", "lists of 3 and 1 entries"), ("fill(100000, 1) == $p", "no list of 100000 entries"),
    ("range(0 - $n) == []", "no list of -2 entries"), ("part($p, 2, 5) == []", "has no 5 entries from 2 on"),
    ("product([4611686018427387904, 4]) == 0", "has no value"), ("put($p, [1], []) == $p", "1 positions for 0 entries"),
  ])
  func doesNotHold(_ condition: String, _ reason: String) throws {
    let trace = try RuleRun.apply(Self.rule(condition), to: Self.graph).trace
    #expect(trace.applied.isEmpty)
    #expect(trace.declined.contains { $0.hasPrefix("t: ") && $0.contains(reason) }, "\(trace.declined)")
  }
}

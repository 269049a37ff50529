// SPDX-License-Identifier: Apache-2.0
import Checking
import CompilerSupport
import Fettle
import Testing

/// C that is wrong on purpose does not leave `compile`.
@Suite struct EmittedCheckTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder("fettle-emitted-check") }

  /// A channel shuffle that hands on something else than its input.
  private struct BrokenShuffle: OpLowering {
    let name = "broken_shuffle"
    let summary = "wrong on purpose"
    let change: @Sendable (Expression) -> Expression
    /// Graphs with more ports are computed rightly.
    var mostPorts = Int.max

    func lower(_ op: OpRef<ChannelShuffle>, in context: inout LoweringContext) throws(LoweringError) {
      guard let input = context.graph.operand(op, .input) else { throw LoweringError("no operand") }
      var k = KernelBuilder("broken_shuffle")
      let x = k.input("x", context.view(of: input))
      let y = k.output("y", context.result(of: op))
      let isBroken = context.graph.inputs.count + context.graph.outputs.count <= mostPorts
      k.loops(["n", "c", "i"], y.layout.type.shape.extents) { k, at in
        let value = k.load(x, at)
        k.store(y, at, isBroken ? change(value) : value)
      }
      context.add(k, [x, y])
    }
  }

  /// A gather that takes elements in their own order.
  private struct BrokenGather: OpLowering {
    let name = "broken_gather"
    let summary = "wrong on purpose"

    func lower(_ op: OpRef<Gather>, in context: inout LoweringContext) throws(LoweringError) {
      guard let data = context.graph.operand(op, .input) else { throw LoweringError("no operand") }
      var k = KernelBuilder("broken_gather")
      let x = k.input("x", context.view(of: data))
      let y = k.output("y", context.result(of: op))
      k.loops(["i"], y.layout.type.shape.extents) { k, at in k.store(y, at, k.load(x, at)) }
      context.add(k, [x, y])
    }
  }

  /// The standard driver with the shuffle of the example, changed.
  private func toolkit(
    mostPorts: Int = .max, _ change: @escaping @Sendable (Expression) -> Expression = { $0 }
  ) -> Toolkit {
    var toolkit = CustomOpTests.toolkit
    toolkit.lowerings = LoweringTable(
      [BrokenShuffle(change: change, mostPorts: mostPorts), BrokenGather()] + toolkit.lowerings.lowerings)
    return toolkit
  }

  private func plus(_ number: Double, mostPorts: Int = .max) -> Toolkit {
    toolkit(mostPorts: mostPorts) { $0 + Expression.constant(number, like: $0.type) }
  }

  private func compile(_ toolkit: Toolkit, _ text: String, _ words: String...) throws -> CommandResult {
    let path = folder.file("model.fettle")
    try Platform.writeFile(path, text)
    return SampleCheck.command(["compile", path, "-t", "c99", "-o", out, "-q"] + words, toolkit)
  }

  private var out: String { folder.file("out") }

  /// A float layer, the layer that is broken, and one behind it.
  private static let floats = """
    graph @g(%x: f32[1,4,3]) -> (y: %y) {
      %a = unary %x {function=tanh} : f32[1,4,3] loc("before")
      %b = channel_shuffle %a : f32[1,4,3] loc("shuffle")
      %y = unary %b {function=exp} : f32[1,4,3] loc("behind")
    }

    """

  @Test func theLayerIsNamedAndNothingIsWritten() throws {
    let result = try compile(plus(0.25), Self.floats)
    #expect(result.status == 4, "\(result.stderr)")
    #expect(result.stderr.contains("the emitted C does not compute what its graph does: output 'y' differs"))
    #expect(
      result.stderr.contains("the first tensor that differs is 'b' by 0.25"), "\(result.stderr)")
    #expect(result.stderr.contains("made by the channel_shuffle of layer 'shuffle'"), "\(result.stderr)")
    #expect(result.stdout.isEmpty && !Platform.exists(out))
  }

  /// A fault that is gone where all tensors are outputs: found with one more output, or in none but the
  /// program itself.
  @Test(arguments: [(3, "'b' by 0.25"), (2, "'y', made by the unary of layer 'behind', an output of the whole")])
  func faultsOfTheWhole(_ ports: Int, _ text: String) throws {
    let result = try compile(plus(0.25, mostPorts: ports), Self.floats)
    #expect(result.status == 4, "\(result.stdout)")
    #expect(result.stderr.contains("the first tensor that differs is \(text)"), "\(result.stderr)")
    #expect(result.stderr.contains("no tensor differs in a program that shows them all"), "\(result.stderr)")
  }

  @Test func keepGoingWritesAndStillFails() throws {
    let result = try compile(plus(0.25), Self.floats, "--keep-going")
    #expect(result.status == 4 && result.stderr.contains("layer 'shuffle'"), "\(result.stderr)")
    #expect(Platform.exists(Paths.join(out, "model.h")))
    #expect(result.stdout.contains("the emitted C is wrong"))
  }

  /// What is right passes, and the summary says by which code; a wider tolerance is taken at its word.
  @Test func whatIsRightPasses() throws {
    let right = try compile(toolkit(), Self.floats)
    #expect(right.status == 0, "\(right.stderr)")
    #expect(right.stdout.contains("checked      4 made-up inputs agree to"))
    #expect(right.stdout.contains("checked by   '"))
    #expect(try compile(plus(1e-3), Self.floats).status == 4)
    #expect(try compile(plus(1e-3), Self.floats, "--tolerance", "0.1").status == 0)
  }

  @Test func codeOfTheHostIsToldFromTheTargets() throws {
    let result = try compile(toolkit(), Self.floats, "--target", "m4")
    #expect(result.status == 2, "a target is given once: \(result.stderr)")
    let path = folder.file("model.fettle")
    let other = SampleCheck.command(["compile", path, "-t", "m4", "-o", out, "-q"], toolkit())
    #expect(other.status == 0, "\(other.stderr)")
    #expect(
      other.stdout.contains("the host's code for the kernels of m4, without its own instructions"))
  }

  /// A limit that inputs of deviation 1 do not reach, and NaN where the evaluator has none.
  @Test func inputsHaveSeveralScales() throws {
    let text = """
      graph @g(%x: f32[1,4,3]) -> (y: %y) {
        %y = channel_shuffle %x : f32[1,4,3] loc("shuffle")
      }

      """
    let clipped = toolkit { .binary(.minimum, $0, .constant(7, like: $0.type)) }
    let result = try compile(clipped, text)
    #expect(result.status == 4, "\(result.stdout)")
    #expect(result.stderr.contains("(made-up input of deviation 10.0)"), "\(result.stderr)")
    let roots = toolkit { .unary(.squareRoot, $0 * $0 - .constant(1e-3, like: $0.type)) }
    let nan = try compile(roots, text)
    #expect(nan.status == 4, "\(nan.stdout)")
  }

  /// Integers are equal or wrong.
  @Test func integersAreCompared() throws {
    let result = try compile(
      toolkit(),
      """
      graph @g(%x: i8[4]) -> (y: %y) {
        @i = i64[4] [2, 0, 3, 1]
        %y = gather %x, @i {axis=0} : i8[4] loc("take")
      }

      """)
    #expect(result.status == 4 && result.stderr.contains("layer 'take'"), "\(result.stderr)")
    #expect(result.stderr.contains("integers are the same in any correct C"), "\(result.stderr)")
  }

  /// A layer that rounds a float with a nudge, and one that computes with the integers.
  private func rounded(_ number: Double) -> String {
    """
    graph @g(%x: f32[1,4,3]) -> (y: %y) {
      @m = f32[] [\(number)]
      @s = f32[] [1]
      %z = binary %x, %x {function=sub} : f32[1,4,3] loc("zero")
      %h = binary %z, @m : f32[1,4,3] loc("middle")
      %b = channel_shuffle %h : f32[1,4,3] loc("shuffle")
      %q = quantize %b, @s {to=i8} : i8[1,4,3] loc("rounded")
      %d = dequantize %q, @s : f32[1,4,3] loc("floats")
      %y = unary %d {function=tanh} : f32[1,4,3] loc("behind")
    }

    """
  }

  /// A step is allowed close to the middle of two integers, and nowhere else.
  @Test(arguments: [(2.5, 1e-5, true), (2.49999, 1e-4, true), (2.49, 0.02, false), (2.5, 1, false), (2, 3, false)])
  func stepsOfAQuantize(_ number: Double, _ nudge: Double, _ isAllowed: Bool) throws {
    let result = try compile(plus(nudge), rounded(number))
    guard isAllowed else {
      #expect(result.status == 4, "\(result.stdout)")
      #expect(result.stderr.contains("layer 'shuffle'"), "\(result.stderr)")
      #expect(result.stderr.contains("'q' is "), "\(result.stderr)")
      return
    }
    #expect(result.status == 0, "\(result.stderr)")
    #expect(result.stdout.contains("piece by piece: 48 of 48 values"), "\(result.stdout)")
  }

  /// Behind an integer that moved a step nothing is excused.
  @Test func whatIsBehindAQuantizeIsCompared() throws {
    let text = """
      graph @g(%x: f32[1,4,3]) -> (y: %y) {
        @s = f32[] [0.05]
        %a = unary %x {function=tanh} : f32[1,4,3] loc("before")
        %q = quantize %a, @s {to=i8} : i8[1,4,3] loc("rounded")
        %d = dequantize %q, @s : f32[1,4,3] loc("floats")
        %y = channel_shuffle %d : f32[1,4,3] loc("shuffle")
      }

      """
    #expect(try compile(toolkit(), text).status == 0)
    let result = try compile(plus(0.01), text)
    #expect(result.status == 4 && result.stderr.contains("layer 'shuffle'"), "\(result.stderr)")
    // In the whole alone, whose one input and one output no probe has.
    let whole = try compile(plus(0.3, mostPorts: 2), text)
    #expect(whole.status == 4 && whole.stderr.contains("what rounding the other way moves it by"), "\(whole.stderr)")
  }

  /// What is computed with integers after a quantize is exact: one step there is no rounding the other way.
  @Test func integersAfterAQuantizeAreExact() throws {
    let result = try compile(
      toolkit(),
      """
      graph @g(%x: f32[4]) -> (y: %y) {
        @s = f32[] [1]
        @i = i64[4] [2, 0, 3, 1]
        %a = unary %x {function=sigmoid} : f32[4] loc("before")
        %q = quantize %a, @s {to=i8} : i8[4] loc("rounded")
        %m = gather %q, @i {axis=0} : i8[4] loc("take")
        %y = dequantize %m, @s : f32[4] loc("floats")
      }

      """)
    #expect(result.status == 4 && result.stderr.contains("layer 'take'"), "\(result.stderr)")
    #expect(result.stderr.contains("no float is summed on the way"), "\(result.stderr)")
  }

  /// The position of the largest: another one only where the element is as large.
  @Test(arguments: [(1e-5, 0), (0.01, 4)]) func positions(_ gap: Double, _ status: Int32) throws {
    // The order of the elements is turned round.
    let turned = toolkit { .constant(2, like: $0.type) - $0 }
    let result = try compile(
      turned,
      """
      graph @g(%x: f32[1,4,3]) -> (y: %y) {
        @v = f32[1,4,1] [1, \(1 - gap), 1, 1]
        %z = binary %x, %x {function=sub} : f32[1,4,3]
        %h = binary %z, @v : f32[1,4,3]
        %b = channel_shuffle %h : f32[1,4,3] loc("shuffle")
        %y = arg_reduce %b {axis=1} : i64[1,1,3] loc("largest")
      }

      """)
    #expect(result.status == status, "\(result.stdout)\(result.stderr)")
    #expect(status == 0 || result.stderr.contains("layer 'shuffle'"), "\(result.stderr)")
  }

  /// A sign jumps by two: allowed where the operand is nearly 0, and nowhere else.
  @Test(arguments: [(1e-6, 1e-5, 0), (0.01, 0.02, 4)]) func signs(_ distance: Double, _ nudge: Double, _ status: Int32) throws {
    let result = try compile(
      plus(nudge),
      """
      graph @g(%x: f32[1,4,3]) -> (y: %y) {
        @v = f32[1,4,1] [1, -\(distance), 0.5, -1]
        %z = binary %x, %x {function=sub} : f32[1,4,3]
        %h = binary %z, @v : f32[1,4,3]
        %b = channel_shuffle %h : f32[1,4,3] loc("shuffle")
        %y = unary %b {function=sign} : f32[1,4,3] loc("sign")
      }

      """)
    #expect(result.status == status, "\(result.stdout)\(result.stderr)")
    #expect(status == 0 || result.stderr.contains("layer 'shuffle'"), "\(result.stderr)")
  }

  /// Remainders start again: right where the dividend is off by the tolerance, on either side of a period's end.
  @Test(arguments: [(1e-5, 0), (0.01, 4)]) func remainders(_ nudge: Double, _ status: Int32) throws {
    let result = try compile(
      plus(nudge),
      """
      graph @g(%x: f32[1,4,3]) -> (y: %y) {
        @v = f32[1,4,1] [1, 0.999999, 0.5, 2.00001]
        @one = f32[] [1]
        %z = binary %x, %x {function=sub} : f32[1,4,3]
        %h = binary %z, @v : f32[1,4,3]
        %b = channel_shuffle %h : f32[1,4,3] loc("shuffle")
        %y = binary %b, @one {function=fmod} : f32[1,4,3] loc("rest")
      }

      """)
    #expect(result.status == status, "\(result.stdout)\(result.stderr)")
    #expect(status == 0 || result.stderr.contains("layer 'shuffle'"), "\(result.stderr)")
  }

  /// What is left where sums cancel is rounding, beside which the largest says nothing; what is more than rounding is wrong there too.
  @Test(arguments: [(1e-7, 0), (1e-3, 4)]) func sumsThatCancel(_ nudge: Double, _ status: Int32) throws {
    let result = try compile(
      plus(nudge),
      """
      graph @g(%x: f32[1,4,3]) -> (y: %y) {
        %t = unary %x {function=sigmoid} : f32[1,4,3] loc("before")
        %b = channel_shuffle %t : f32[1,4,3] loc("shuffle")
        %y = binary %b, %t {function=sub} : f32[1,4,3] loc("difference")
      }

      """)
    #expect(result.status == status, "\(result.stdout)\(result.stderr)")
    if status == 0 {
      #expect(result.stdout.contains("output 'y' is off by"), "\(result.stdout)")
      #expect(result.stdout.contains("the rounding of floats on the way, some of which cancel"), "\(result.stdout)")
    } else {
      #expect(result.stderr.contains("layer 'shuffle'"), "\(result.stderr)")
    }
  }

  /// What a pass that calls itself exact does to the model is no secret either.
  @Test func passesThatChangeTheModelAreToldOf() throws {
    var toolkit = toolkit()
    toolkit.passes += PlantedBugs.passes
    let text = """
      graph @g(%x: f32[1,4,3]) -> (y: %y) {
        %a = unary %x {function=relu} : f32[1,4,3]
        %y = concat %a, %x {axis=1} : f32[1,8,3] loc("both")
      }

      """
    let result = try compile(toolkit, text, "-p", SwappedOperands.name)
    #expect(result.status == 4, "\(result.stdout)\(result.stderr)")
    #expect(result.stderr.contains("the passes changed what the model computes: output 'y' differs"), "\(result.stderr)")
    #expect(!Platform.exists(out))
    let going = try compile(toolkit, text, "-p", SwappedOperands.name, "--keep-going")
    #expect(going.status == 4 && Platform.exists(out), "\(going.stderr)")
    #expect(try compile(toolkit, text, "-p", "canonicalize").status == 0)
  }

  @Test func bothSidesNaN() throws {
    let path = folder.file("nan.fettle")
    try Platform.writeFile(
      path,
      """
      graph @g(%x: f32[1,4]) -> (y: %y) {
        %z = binary %x, %x {function=sub} : f32[1,4]
        %y = binary %z, %z {function=div} : f32[1,4]
      }

      """)
    let found = SampleCheck.command(["verify", path, "-q"], Driver.standardToolkit)
    #expect(found.stdout.contains("outputs of 4 of 4 finite inputs hold NaN"), "\(found.stdout)")
    let evaluated = SampleCheck.command(["verify", path, "--interpret", "-q"], Driver.standardToolkit)
    #expect(evaluated.stdout.contains("outputs of 4 of 4 finite inputs hold NaN"), "\(evaluated.stdout)")
  }
}

// SPDX-License-Identifier: Apache-2.0
import Checking
import CompilerSupport
import Fettle
import Testing

/// `fettle verify`: what it says of differences beside where they are.
@Suite struct VerifyCommandTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder("fettle-verify") }

  private func verify(_ words: String...) -> CommandResult {
    SampleCheck.command(["verify", "--interpret", "-q"] + words, Driver.standardToolkit)
  }

  /// A graph whose quantize is given a number close to the middle of two integers, whatever its input.
  private func graph(_ name: String, _ number: Double, named result: String = "q") throws -> String {
    let path = folder.file(name)
    try Platform.writeFile(
      path,
      """
      graph @g(%x: f32[1,4]) -> (y: %y) {
        @m = f32[] [\(number)]
        @s = f32[] [1]
        %z = binary %x, %x {function=sub} : f32[1,4]
        %h = binary %z, @m : f32[1,4] loc("sums")
        %\(result) = quantize %h, @s {to=i8} : i8[1,4] loc("rounded")
        %y = dequantize %\(result), @s : f32[1,4]
      }

      """)
    return path
  }

  /// The integers have one name in both graphs, or only the floats made of them have.
  @Test(arguments: ["q", "r"]) func oneStepOfAQuantize(_ result: String) throws {
    let (a, b) = (try graph("a.fettle", 1.5), try graph("b.fettle", 1.49999, named: result))
    let found = verify(a, b)
    #expect(found.status == 4, "\(found.stderr)")
    let name = result == "q" ? "q" : "y"
    #expect(found.stderr.contains("the first tensor that differs is '\(name)' by 1.0"), "\(found.stderr)")
    #expect(found.stderr.contains("that is one step of the quantize of 'rounded'"), "\(found.stderr)")
    #expect(found.stderr.contains("lower-quantized"), "\(found.stderr)")
  }

  /// More than a step is no matter of the order of sums.
  @Test func moreThanAStep() throws {
    let (a, b) = (try graph("a.fettle", 4), try graph("b.fettle", 1.5))
    let found = verify(a, b)
    #expect(found.status == 4 && found.stderr.contains("the first tensor that differs is 'h'"))
    #expect(!found.stderr.contains("one step"), "\(found.stderr)")
  }

  @Test func whatPassesChangeIsSaid() throws {
    let net = folder.file("net.fettle")
    try Platform.writeFile(
      net,
      """
      graph @net(%x: f32[1,4]) -> (y: %y) {
        @w = f32[4,4] [1, 0.1, 0.2, 0.3, 0.4, 0.5, 0.61, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.43, 1.5]
        %y = matmul %x, @w : f32[1,4] loc("fc")
      }

      """)
    let passes = "quantize{ranges=batch-norm input-range=[-0.5,0.5]}"
    let found = verify(net, "-p", passes, "--samples", "2")
    #expect(found.status == 4, "\(found.stderr)")
    #expect(
      found.stderr.contains(
        "the model in front of the passes is compared with the evaluation of the graph behind them, and quantize may change"),
      "\(found.stderr)")
    #expect(
      found.stderr.contains(
        "fettle opt \(net) --pipeline '\(passes)' -o net-passes.fettle -q; "
          + "fettle verify net-passes.fettle --samples 2 --interpret"), "\(found.stderr)")
    // Passes that keep the meaning are no reason for a difference.
    let other = try graph("b.fettle", 4)
    let plain = verify(try graph("a.fettle", 1), other, "-p", "canonicalize")
    #expect(plain.status == 4, "\(plain.stderr)")
    #expect(plain.stderr.contains("the first model is compared with the evaluation of the second behind the passes\n"))
    #expect(!plain.stderr.contains("what a model computes"), "\(plain.stderr)")
  }
}

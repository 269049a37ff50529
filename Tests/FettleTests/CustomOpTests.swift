// SPDX-License-Identifier: Apache-2.0
import Checking
import CompilerSupport
import Fettle
import Testing

/// The op, lowering and pass of docs/examples/custom-op, whose sources are compiled into these tests (`.ci/examples` builds
/// the package itself).
@Suite struct CustomOpTests {
  static var toolkit: Toolkit {
    var toolkit = Driver.standardToolkit
    toolkit.addChannelShuffle()
    return toolkit
  }

  static let sample = Repository.path("docs/examples/custom-op/shuffle.fettle")

  @Test func theSample() throws {
    for finding in try SampleCheck.findings(in: Self.sample, toolkit: Self.toolkit) {
      Issue.record("\(finding.diagnostic)")
    }
  }

  @Test(arguments: ["c99", "m4", "x86-64-v3"]) func allTheWayToC(_ target: String) throws {
    let folder = try TemporaryFolder("fettle-custom-op")
    let out = folder.file("out")
    let result = SampleCheck.command(
      ["compile", Self.sample, "-p", "fuse-channel-shuffle", "-t", target, "-o", out], Self.toolkit)
    #expect(result.status == 0, "\(result.stderr)")
    #expect(try Platform.readText(Paths.join(out, "shuffle.c")).contains("channel_shuffle"))
  }

  @Test func shapesThatDoNotFit() throws {
    let folder = try TemporaryFolder("fettle-custom-op")
    for (groups, type, message) in [
      (5, "f32[1,12,5,5]", "12 channels are not 5 equal groups"), (0, "f32[1,12]", "12 channels are not 0 equal groups"),
      (1, "f32[4]", "has no channels"), (1, "i8[1,4]", "takes floats"),
    ] {
      let path = folder.file("bad.fettle")
      try Platform.writeFile(
        path,
        "graph @g(%x: \(type)) -> (y: %y) {\n  %y = channel_shuffle %x {groups=\(groups)} : \(type)\n}\n")
      let result = SampleCheck.command(["opt", path], Self.toolkit)
      #expect(result.status == 1 && result.stderr.contains(message), "\(result.stderr)")
    }
  }

  @Test func noElements() throws {
    let folder = try TemporaryFolder("fettle-custom-op")
    let path = folder.file("empty.fettle")
    try Platform.writeFile(
      path, "graph @g(%x: f32[1,0,3]) -> (y: %y) {\n  %y = channel_shuffle %x {groups=2} : f32[1,0,3]\n}\n")
    let result = SampleCheck.command(["verify", path], Self.toolkit)
    #expect(result.status == 0, "\(result.stderr)")
  }

  @Test func theOpIsDescribed() {
    let page = SampleCheck.command(["describe", "channel_shuffle"], Self.toolkit).stdout
    #expect(page.contains("%y = channel_shuffle %input {groups=1} : TYPE"), "\(page)")
    #expect(page.contains("channel_shuffle: a copy, channel by channel"), "\(page)")
  }
}

// SPDX-License-Identifier: Apache-2.0
import Checking
import CompilerSupport
import Fettle
import Testing

/// Pictures of graphs.
@Suite struct DrawingTests {
  /// Two readers share a weight, names hold what XML and Graphviz would take for their own, an arrow spans rows.
  static let branching = """
    graph @"a <b> & \\"c\\""(%x: f32[1,2,4,4]) -> (y: %y, z: %d) {
      @shared = f32[2,2,1,1] [1, 2, 3, 4]
      @own = f32[2,2,3,3] [0.5 ...]
      %a = conv %x, @shared : f32[1,2,4,4] loc("first <&> \\"layer\\"")
      %b = conv %a, @shared : f32[1,2,4,4] loc("second")
      %c = conv %b, @own {padding=[1,1,1,1]} : f32[1,2,4,4] loc("third")
      %d = unary %c {function=tanh} : f32[1,2,4,4] loc("fourth")
      %y = binary %d, %x : f32[1,2,4,4] loc("sum")
    }
    """

  static func draw(_ kind: String, _ model: String) throws -> String {
    let folder = try TemporaryFolder()
    let path = folder.file("picture")
    let result = SampleCheck.command(["import", model, "--\(kind)", path], Driver.standardToolkit)
    #expect(result.status == 0, "\(result.stderr)")
    return try Platform.readText(path)
  }

  static func sample() throws -> (folder: TemporaryFolder, path: String) {
    let folder = try TemporaryFolder()
    let path = folder.file("branching.fettle")
    try Platform.writeFile(path, branching)
    return (folder, path)
  }

  @Test func svgIsWellFormedAndSaysEverythingOnce() throws {
    let (folder, path) = try Self.sample()
    defer { withExtendedLifetime(folder) {} }
    let svg = try Self.draw("svg", path)
    for text in [
      ">first &lt;&amp;&gt; &quot;layer&quot;<", ">second<", ">third<", ">fourth<", ">sum<", ">shared<",
      ">conv padding=[1,1,1,1]<", ">→ f32[1,2,4,4]  128 B<", ">own f32[2,2,3,3]  144 B<",
    ] {
      #expect(svg.contains(text), "\(text)")
    }
    // Twice in text, the box's title and its line, but one box.
    #expect(svg.split(separator: ">shared<").count == 2)
    var open: [Substring] = []
    for tag in svg.split(separator: "<").dropFirst(0) {
      guard let end = tag.firstIndex(of: ">") else {
        Issue.record("a tag is not closed: \(tag)")
        continue
      }
      let name = tag.prefix { $0.isLetter || $0 == "/" }
      if name.hasPrefix("/") {
        #expect(open.popLast() == name.dropFirst())
      } else if tag[..<end].last != "/" {
        open.append(name)
      }
    }
    #expect(open.isEmpty)
    #expect(svg == (try Self.draw("svg", path)))
  }

  @Test(arguments: ["branching", "resnet8"]) func boxesDoNotOverlap(_ name: String) throws {
    let (folder, path) = try Self.sample()
    defer { withExtendedLifetime(folder) {} }
    let model = name == "resnet8" ? Repository.path("ir-samples/resnet8/resnet8.onnx") : path
    func number(_ line: Substring, _ key: String) throws -> Double {
      let value = line.split(separator: " \(key)=\"").last?.prefix { $0 != "\"" }
      return try #require(value.flatMap { Double($0) })
    }
    let boxes = try Self.draw("svg", model).split(separator: "\n").filter { $0.hasPrefix("<rect x") }.map {
      (try number($0, "x"), try number($0, "y"), try number($0, "width"), try number($0, "height"))
    }
    #expect(boxes.count == (name == "resnet8" ? 32 : 9))
    for (i, a) in boxes.enumerated() {
      for b in boxes[..<i] {
        let apart = a.0 + a.2 <= b.0 || b.0 + b.2 <= a.0 || a.1 + a.3 <= b.1 || b.1 + b.3 <= a.1
        #expect(apart, "\(a) and \(b)")
      }
    }
  }

  @Test func dotHasTheSameBoxesAndArrows() throws {
    let (folder, path) = try Self.sample()
    defer { withExtendedLifetime(folder) {} }
    let dot = try Self.draw("dot", path)
    #expect(dot.hasPrefix("digraph \"a <b> & \\\"c\\\"\" {"))
    #expect(dot.contains("label=\"first <&> \\\"layer\\\"\\lconv\\l"))
    // x, the shared weight, five ops and two outputs; x feeds two ops, the weight two.
    #expect(dot.split(separator: "\n").count { $0.contains("[label=") } == 9)
    #expect(dot.split(separator: "\n").count { $0.contains(" -> ") } == 10)
  }
}

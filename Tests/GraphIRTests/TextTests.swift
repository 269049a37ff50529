// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors
import Testing

@Suite struct GraphText {
  /// A graph that outputs its constants.
  private func graph(of tensors: [Tensor], name: String = "g") -> Graph {
    var graph = Graph(name: name)
    graph.rewrite { rewriter in
      for (i, tensor) in tensors.enumerated() {
        let value = rewriter.addConstant(tensor, name: "c")
        rewriter.addOutput(name: "y\(i)", value: value)
      }
    }
    return graph
  }

  @Test(arguments: ElementType.allCases) func smallConstantsKeepEveryBit(_ element: ElementType) throws {
    var random = TestRandom(7)
    for count in [0, 1, 2, 3, 7, 16] {
      let type = TensorType(element, try #require(Shape([count])))
      for round in 0..<40 {
        let bytes = (0..<type.byteCount).map { i -> UInt8 in
          // Bits at random; in half of the rounds exponents of nothing but ones.
          let isHigh = i % max(1, element.bitCount / 8) >= max(0, element.bitCount / 8 - 2)
          return round % 2 == 0 && isHigh ? 0x7F | UInt8.random(in: 0...1, using: &random) << 7
            : UInt8.random(in: 0...255, using: &random)
        }
        let tensor = try #require(Tensor(type, bytes: Bytes(bytes)))
        let (text, large) = graph(of: [tensor]).text()
        // Bits in the last byte that belong to no element cannot be told in a list.
        if !large.isEmpty, element.bitCount < 8 { continue }
        #expect(large.isEmpty)
        let again = try Graph.parse(text: text)
        #expect(again.outputs.first.flatMap { again.tensor($0.value) } == tensor, "\(text)")
        #expect(again.text().text == text)
      }
    }
  }

  @Test(arguments: [
    ("f32[7] [0.1, -0, inf, -inf, nan, 0x7fc00001, 1e-45]", "f32[7] [0.1, -0, inf, -inf, nan, 0x7fc00001, 1e-45]"),
    ("f32[2] [1.50, 0x3f800000]", "f32[2] [1.5, 1]"),
    ("u64[1] [18446744073709551615]", "u64[1] [18446744073709551615]"),
    ("bool[2] [true,false]", "bool[2] [true, false]"),
    ("b1[3] [-1, 1, 1]", "b1[3] [-1, 1, 1]"),
    ("i4[2] [-8, 7]", "i4[2] [-8, 7]"),
    ("f64[20] [0.25 ...]", "f64[20] [0.25 ...]"),
    ("f32[2,2] [3 ...]", "f32[2,2] [3, 3, 3, 3]"),
    ("f32[] [5]", "f32[] [5]"),
    ("f32[0,4] []", "f32[0,4] []"),
  ]) func constantsReadAs(_ given: String, _ printed: String) throws {
    let graph = try Graph.parse(text: "graph @g() -> (y: @k) {\n  @k = \(given)\n}")
    #expect(graph.text().text == "graph @g() -> (y: @k) {\n  @k = \(printed)\n}\n")
  }

  @Test(arguments: [
    ("f32[1] [1e39]", "'1e39' is no element of type f32"),
    ("f16[1] [70000]", "'70000' is no element of type f16"),
    ("i8[1] [128]", "'128' is no element of type i8"),
    ("u2[1] [4]", "'4' is no element of type u2"),
    ("i8[1] [0x100]", "'0x100' is no element of type i8"),
    ("f32[2] [1]", "1 elements are given for f32[2], which has 2"),
    ("f32[1] [1, 2]", "expected 1 elements, found more"),
    ("f32[99999999999] [0 ...]", "too large for one repeated element"),
    ("f32[-1] []", "the shape [-1] is negative or too large"),
    ("f23[1] [0]", "'f23' is no element type"),
    ("f32[1] #0123456789abcdef", "needs a side file"),
    ("f32[1] #0123", "expected 8 to 64 hexadecimal digits"),
  ]) func wrongConstantsAreNamed(_ given: String, _ said: String) {
    let failure = #expect(throws: Failure.self) {
      try Graph.parse(text: "graph @g() -> (y: @k) {\n  @k = \(given)\n}", file: "f")
    }
    #expect(failure?.description.contains(said) == true, "\(String(describing: failure))")
    #expect(failure?.diagnostics.count == 1)
    #expect(failure?.diagnostics.first?.origin.line == 2)
  }

  @Test func portsAndNamesOfAllKinds() throws {
    let good = """
      graph @"a net"(
        parameter %p: f32[2],
        state %"h/0": f32[1,2] = [0.5, nan],
        old: %"new:0": f32[2],
        %"7": f32[2]
      ) -> ("h/0": %1, "": %"é\\u{200b}\\"\\n", y: %0) {
        %0 = binary %p, %"new:0" : f32[2] loc("a\\tb", "c")
        %"é\\u{200b}\\"\\n" = unary %0 : f32[2]
        %1 = reshape %"7" {shape=[1,-1]} : f32[1,2] stats(mean=[0.1, -0], deviation=[0, 1e-45])
        %_x-1.y = unary %1 : f32[1,2]
      }

      """
    let graph = try Graph.parse(text: good)
    #expect(graph.text().text == good)
    #expect(graph.inputs.map(\.name) == ["p", "h/0", "old", "7"])
    #expect(graph.name(of: graph.inputs[2].value) == "new:0")
    #expect(graph.compacted().text().text == good)
    #expect(graph.summary.hasPrefix("a net: 4 ops (2 unary, 1 binary, 1 reshape), 0 constants"))
  }

  @Test func equalNamesAreToldApart() throws {
    var graph = Graph(name: "g")
    try graph.rewrite { rewriter in
      var value = rewriter.addInput(name: "x", type: TensorType(.f32, .scalar))
      for name in ["x", "x_1", "", "x"] {
        value = try rewriter.insert(Unary(.tanh), [value], location: Location())[0]
        rewriter.setName(of: value, to: name)
      }
      rewriter.addOutput(name: "x", value: value)
    }
    let text = graph.text().text
    #expect(text.contains("%x_1 = unary %x ") && text.contains("%0 = unary %x_1_1 "))
    #expect(try Graph.parse(text: text).text().text == text)
  }

  @Test func largeConstantsGoBesideTheText() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("net.fettle")
    let shape = try #require(Shape([5, 5]))
    let values = (0..<25).map(Double.init)
    let tensors = [ElementType.u4, .f16, .f64].map {
      Tensor(TensorType($0, shape), rounding: values.map { $0.truncatingRemainder(dividingBy: 13) })
    }
    let graph = graph(of: tensors + [Tensor(scalar: 1, .f32)])
    try GraphFile.write(graph, to: path)
    let again = try GraphFile.read(path, checkDigests: true)
    #expect(again.outputs.map { again.tensor($0.value) } == graph.outputs.map { graph.tensor($0.value) })
    #expect(try Platform.readText(path).hasPrefix("constants \"net.safetensors\"\n"))
    // The pair is written anew over itself while its constants are mapped.
    try GraphFile.write(again, to: path)
    #expect(try GraphFile.read(path).text().text == graph.text().text)
    // A side file with other content is found out if that is asked for.
    let (_, large) = graph.text()
    let swapped = zip(large, large.dropFirst() + large.prefix(1)).map { one, two in
      (name: one.digest, tensor: Tensor(one.tensor.type, wrapping: [Int64](repeating: 1, count: two.tensor.count)))
    }
    var out = OutputSet()
    out.add(folder.file("net.safetensors"), parts: try Safetensors.encode(swapped))
    try out.commit()
    #expect(throws: Failure.self) { try GraphFile.read(path, checkDigests: true) }
    #expect(throws: Never.self) { try GraphFile.read(path) }
    try Platform.removeTree(folder.file("net.safetensors"))
    #expect(throws: Failure.self) { try GraphFile.read(path) }
    #expect(throws: Failure.self) { try GraphFile.write(graph, to: folder.file("x.safetensors")) }
  }

  @Test func sideFilesStayInTheFolder() throws {
    let folder = try TemporaryFolder()
    for name in ["../x.safetensors", "/etc/passwd", ""] {
      let path = folder.file("net.fettle")
      try Platform.writeFile(
        path, "constants \"\(name)\"\ngraph @g() -> (y: @k) { @k = f32[1] #0123456789abcdef\n}")
      #expect(throws: Failure.self) { try GraphFile.read(path) }
    }
  }

  @Test func severalErrorsAtOnceWithHints() throws {
    let text = """
      graph @g(%input: f32[4]) -> (y: %e, z: %nowhere) {
        %a = unray %input : f32[4]
        %b = unary %inptu : f32[4]
        %c = unary %a {function=tanh} : f32[4]
        %d = unary %input {functoin=tanh} : f32[4]
        %e = unary %input : f32[4]
        %e = unary %input : f32[4]
        %f, %f = unary %input : f32[4], f32[4]
        %g, %h = unary %input : f32[4], f32[4]
        %i = unary %input
      }
      """
    let failure = #expect(throws: Failure.self) { try Graph.parse(text: text, file: "f") }
    let said = failure?.diagnostics.map(\.description) ?? []
    let expected: [(String, String)] = [
      ("f:2:8: error: there is no op 'unray'", "did you mean 'unary'?"),
      ("f:3:14: error: '%inptu' is not defined above", "did you mean '%input'?"),
      ("f:5:22: error: unary has no attribute 'functoin'", "did you mean 'function'?"),
      ("f:7:3: error: '%e' is defined twice", ""), ("f:8:7: error: '%f' is defined twice", ""),
      ("f:9:3: error: unary has 1 results, not 2", ""), ("f:11:1: error: expected ':'", ""),
      ("f:1:40: error: '%nowhere' is not defined above", ""),
    ]
    #expect(said.count == expected.count, "\(said)")
    for (line, (head, note)) in zip(said, expected) {
      #expect(line.hasPrefix(head), "\(line)")
      #expect(note.isEmpty || line.contains(note), "\(line)")
    }
  }

  @Test func blocksAreReservedForLater() throws {
    let failure = #expect(throws: Failure.self) {
      try Graph.parse(text: "graph @g(%x: f32[]) -> () {\n  %y = unary %x ({\n    %z = unary %x : f32[]\n  }) : f32[]\n}")
    }
    #expect(failure?.kind == .unsupported)
    #expect(failure?.description.contains("not supported yet") == true)
  }
}

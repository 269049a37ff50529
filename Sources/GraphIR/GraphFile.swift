// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// A graph on disk: `NAME.fettle` with the text and, if there are large constants, `NAME.safetensors` with those.
public enum GraphFile {
  /// Reads a graph with its side files, which must lie in the text's folder; `-` is the standard input.
  ///
  /// - Throws: What cannot be read, and all that is wrong in the text.
  public static func read(
    _ path: String, ops: OpSet = .standard, checkDigests: Bool = false
  ) throws(Failure) -> Graph {
    try read(path, try Platform.mapFile(path), ops: ops, checkDigests: checkDigests)
  }

  /// Reads a graph from the bytes of its file; side files are looked for beside `path`.
  ///
  /// - Throws: What cannot be read, and all that is wrong in the text.
  public static func read(
    _ path: String, _ bytes: Bytes, ops: OpSet = .standard, checkDigests: Bool = false
  ) throws(Failure) -> Graph {
    guard let text = bytes.validText else {
      throw Failure("this is no text: the bytes are not UTF-8", at: Origin(file: path))
    }
    let folder = path == "-" ? "." : Paths.folder(of: path)
    return try Graph.parse(
      text: text, file: path, ops: ops, checkDigests: checkDigests
    ) { (name) throws(Failure) in
      try Safetensors.read(try Platform.path(of: name, inside: folder))
    }
  }

  /// Writes a graph, both files or none. To `-`, the standard output, goes the text alone. The banner's lines become comments at the
  /// head of the text.
  ///
  /// - Throws: What cannot be written.
  public static func write(
    _ graph: Graph, to path: String, banner: [String] = []
  ) throws(Failure) {
    var outputs = OutputSet()
    try add(graph, path, banner: banner, to: &outputs)
    try outputs.commit()
  }

  /// Adds the files of a graph to those that are written together, the text last.
  ///
  /// - Throws: A failure if the constants cannot be encoded.
  public static func add(
    _ graph: Graph, _ path: String, banner: [String] = [], to outputs: inout OutputSet
  ) throws(Failure) {
    var options = GraphTextOptions()
    options.banner = banner
    let (text, large) = graph.text(options)
    guard path != "-", !large.isEmpty else { return outputs.add(path, text) }
    let sideName = Paths.stem(of: path) + ".safetensors"
    options.sideFiles = [sideName]
    let sidePath = Paths.join(Paths.folder(of: path), sideName)
    guard sidePath != path else {
      throw Failure("a graph's text cannot be called .safetensors", at: Origin(file: path))
    }
    outputs.add(sidePath, parts: try encode(large))
    outputs.add(path, graph.text(options).text)
  }

  /// The side file that holds the constants which a text names by digest.
  ///
  /// - Throws: A failure if a constant cannot be encoded.
  public static func encode(
    _ large: [(digest: String, tensor: Tensor)]
  ) throws(Failure) -> [Bytes] {
    // Wide elements first: then all lie aligned, and a reader need not copy them.
    let widths = Set(large.map(\.tensor.element.bitCount)).sorted(by: >)
    let tensors = widths.flatMap { width in
      large.filter { $0.tensor.element.bitCount == width }.map { (name: $0.digest, tensor: $0.tensor) }
    }
    return try Safetensors.encode(tensors)
  }
}

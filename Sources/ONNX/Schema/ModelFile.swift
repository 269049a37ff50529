// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

extension ModelProto {
  /// The most bytes that protobuf can hold in one message.
  public static let byteLimit = Int(Int32.max)

  /// The model in a file, which is mapped; tensors are views of it. Throws, naming the file, if it
  /// can not be read or is no ONNX model.
  public static func load(_ path: String) throws(Failure) -> ModelProto {
    try load(path, try Platform.mapFile(path))
  }

  /// The model in the bytes of a file that is mapped already. Throws like `load(_:)`.
  public static func load(_ path: String, _ bytes: Bytes) throws(Failure) -> ModelProto {
    do throws(Failure) {
      return try ModelProto(parsing: bytes)
    } catch {
      throw error.located(file: path)
    }
  }

  /// The model that fills the bytes; tensors are views of them. Throws if it is no ONNX model, with
  /// a note of what it seems to be instead.
  public init(parsing bytes: Bytes) throws(Failure) {
    guard bytes.count > 0 else { throw Self.foreign("the file is empty") }
    do throws(Failure) {
      let holdsGraph = try Self.holdsGraph(bytes)
      self = try ModelProto(reading: bytes)
      guard holdsGraph else { throw Failure("it holds no graph") }
      // Operator sets come after the graph, and have been mandatory since IR version 3.
      guard irVersion < 3 || !opsetImports.isEmpty else {
        throw Failure("it names no operator set")
      }
    } catch {
      if let kind = FileKind(bytes) { throw Self.foreign("it is \(kind.name)", kind.advice) }
      let what = error.diagnostics.first?.message ?? ""
      let isOtherMessage = bytes[0] == 0x0A
      throw Self.foreign(
        what,
        isOtherMessage
          ? "it may be a TensorFlow graph (convert it with tf2onnx) or a part of an ONNX model"
          : "the file may be truncated or damaged")
    }
  }

  /// The model as a file, its large tensors still views. Throws if it is larger than protobuf
  /// allows.
  public func chunks() throws(Failure) -> [Bytes] {
    var writer = ProtobufWriter()
    write(to: &writer)
    guard writer.count <= Self.byteLimit else {
      throw Failure(
        "the model takes \(writer.count) bytes; an ONNX file can hold \(Self.byteLimit)")
    }
    return writer.chunks()
  }

  private static func holdsGraph(_ bytes: Bytes) throws(Failure) -> Bool {
    var reader = ProtobufReader(bytes)
    var found = false
    while let number = try reader.nextField() {
      if number == 7 { found = true }
      try reader.skip()
    }
    return found
  }

  private static func foreign(_ what: String, _ notes: String...) -> Failure {
    Failure("not an ONNX model: \(what)", notes: notes)
  }
}

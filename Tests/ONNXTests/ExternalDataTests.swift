// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import ONNX
import Tensors
import Testing

@Suite struct ExternalDataTests {
  /// An `f32[2]` tensor whose elements are in another file.
  private func external(_ entries: [(String, String)]) -> TensorProto {
    tensor("w", .float, [2]) {
      $0.dataLocation = 1
      $0.externalData = entries.map { StringEntryProto(key: $0.0, value: $0.1) }
    }
  }

  /// A folder with `model/w.bin` (the floats 0 to 4) and, outside of `model`, `secret.bin`.
  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let floats = Bytes(copying: [Float(0), 1, 2, 3, 4])
    try Platform.createDirectory(folder.file("model"))
    try Platform.writeFile(folder.file("model/w.bin"), floats)
    try Platform.writeFile(folder.file("secret.bin"), floats)
    return folder
  }

  @Test(
    arguments: [
      ([("location", "w.bin")], [0, 1]),
      ([("location", "./w.bin"), ("offset", "8")], [2, 3]),
      ([("location", "../model/w.bin"), ("offset", "12"), ("length", "8")], [3, 4]),
      ([("location", "w.bin"), ("checksum", "anything")], [0, 1]),
    ] as [([(String, String)], [Double])])
  func readsTheFileBeside(entries: [(String, String)], expected: [Double]) throws {
    let folder = try folder()
    let files = ExternalData(beside: folder.file("model/model.onnx"))
    #expect(try external(entries).decoded(external: files).doubles() == expected)
  }

  @Test(
    arguments: [
      ([], "external data without a location"),
      ([("location", "")], "an empty location"),
      ([("location", "../secret.bin")], "outside"),
      ([("location", "/etc/passwd")], "outside"),
      ([("location", "missing.bin")], "missing.bin"),
      ([("location", ".")], "folder"),
      ([("location", "w.bin\0x")], "zero character"),
      ([("location", "w.bin"), ("offset", "-4")], "the offset '-4' of the external data"),
      ([("location", "w.bin"), ("offset", "99999999999999999999")], "is no number"),
      ([("location", "w.bin"), ("offset", "16")], "8 bytes at offset 16 are not inside"),
      ([("location", "w.bin"), ("offset", "9223372036854775807")], "are not inside of 'w.bin'"),
      ([("location", "w.bin"), ("length", "4")], "4 bytes where the shape takes 8"),
    ] as [([(String, String)], String)])
  func refusesWhatIsNotInside(entries: [(String, String)], expected: String) throws {
    let folder = try folder()
    let files = ExternalData(folder: folder.file("model"))
    let text = failureText { () throws(Failure) in
      _ = try external(entries).decoded(external: files)
    }
    #expect(text?.contains("tensor 'w'") == true, "\(text ?? "no failure")")
    #expect(text?.contains(expected) == true, "\(text ?? "no failure")")
  }

  @Test func followsNoLinkOutside() throws {
    let folder = try folder()
    let link = Subprocess([
      "ln", "-s", folder.file("secret.bin"), folder.file("model/link.bin"),
    ])
    #expect(try link.run().succeeded)
    let files = ExternalData(folder: folder.file("model"))
    let text = failureText { () throws(Failure) in
      _ = try external([("location", "link.bin")]).decoded(external: files)
    }
    #expect(text?.contains("outside") == true, "\(text ?? "no failure")")
  }
}

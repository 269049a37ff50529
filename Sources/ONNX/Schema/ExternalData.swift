// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// The files beside a model that hold tensors too large for it. Each is mapped once, and only if it
/// lies inside the model's folder: a model from elsewhere shall not read other files of its user.
public final class ExternalData {
  private let folder: String
  private var mapped: [String: Bytes] = [:]

  /// The files in a folder.
  public init(folder: String) { self.folder = folder }

  /// The files in the folder that a model's file is in.
  public convenience init(beside model: String) { self.init(folder: Paths.folder(of: model)) }

  /// The `count` bytes of a tensor whose elements are in another file, as a view of it.
  func bytes(of tensor: TensorProto, count: Int) throws(Failure) -> Bytes {
    var location: String?
    var offset = 0
    var length = count
    for entry in tensor.externalData {
      switch entry.key {
      case "location": location = entry.value
      case "offset": offset = try Self.number(entry, of: tensor)
      case "length": length = try Self.number(entry, of: tensor)
      default: break
      }
    }
    guard let location else { throw tensor.failure("external data without a location") }
    guard length == count else {
      throw tensor.failure(
        "external data of \(length) bytes where the shape takes \(count)")
    }
    let file = try file(location, for: tensor)
    guard offset <= file.count, length <= file.count - offset else {
      throw tensor.failure(
        "\(length) bytes at offset \(offset) are not inside of '\(location)', "
          + "which has \(file.count)")
    }
    return file[offset..<offset + length]
  }

  private static func number(
    _ entry: StringEntryProto, of tensor: TensorProto
  ) throws(Failure) -> Int {
    guard let value = Int(entry.value), value >= 0 else {
      throw tensor.failure("the \(entry.key) '\(entry.value)' of the external data is no number")
    }
    return value
  }

  private func file(_ location: String, for tensor: TensorProto) throws(Failure) -> Bytes {
    if let known = mapped[location] { return known }
    guard !location.isEmpty else { throw tensor.failure("external data with an empty location") }
    do throws(Failure) {
      let bytes = try Platform.mapFile(try Platform.path(of: location, inside: folder))
      mapped[location] = bytes
      return bytes
    } catch {
      throw tensor.failure(
        "its data are in '\(location)': \(error.diagnostics.first?.message ?? "")")
    }
  }
}

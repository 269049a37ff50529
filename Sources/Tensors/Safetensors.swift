// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

/// Tensors by name in the `.safetensors` format: the length of a header, the header as JSON, and
/// the tensors' bytes. Element types of less than a byte, which the format lacks, are stored as
/// packed bytes (`U8`); their type is in the metadata under `fettle.type/` and the tensor's name.
public struct Safetensors: Sendable {
  private struct Entry: Sendable {
    var name: String
    var type: TensorType
    var range: Range<Int>
  }

  private let entries: [Entry]
  private let indices: [String: Int]
  private let data: Bytes
  private let file: String
  /// Names and values that the file holds beside the tensors.
  public let metadata: [(name: String, value: String)]

  /// The tensors in `bytes`; `file` is what failures name. Throws for a malformed header, unknown
  /// element types and places that lie outside or do not have the size of their tensor.
  public init(_ bytes: Bytes, file: String = "") throws(Failure) {
    self.file = file
    do throws(Failure) {
      (entries, metadata, data) = try Self.parse(bytes)
    } catch {
      throw error.located(file: file)
    }
    // The reader of JSON has seen to it that no name comes twice.
    indices = Dictionary(
      entries.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The file at a path, which is mapped into memory and read as tensors are used.
  public static func read(_ path: String) throws(Failure) -> Safetensors {
    try Safetensors(Platform.mapFile(path), file: path)
  }

  /// The tensors' names in the header's order.
  public var names: [String] { entries.map(\.name) }

  /// The type of the tensor of a name, or nil if there is none.
  public func type(of name: String) -> TensorType? { indices[name].map { entries[$0].type } }

  /// The tensor of a name; it shares the file's bytes if they are aligned. Throws if there is none.
  public func tensor(_ name: String) throws(Failure) -> Tensor {
    guard let index = indices[name] else {
      throw Failure(
        "there is no tensor '\(name)'", at: Origin(file: file),
        notes: Spelling.notes(for: name, among: names))
    }
    let entry = entries[index]
    let bytes = data[entry.range].aligned(to: Swift.max(1, entry.type.element.bitCount / 8))
    guard let tensor = Tensor(entry.type, bytes: bytes) else {
      unreachable("the size was checked with the header")
    }
    return tensor
  }

  /// The file of tensors under their names, in the order given, as parts to be written one behind
  /// the other. Throws if a name is given twice or is one that the format uses itself.
  public static func encode(
    _ tensors: [(name: String, tensor: Tensor)], metadata: [(name: String, value: String)] = []
  ) throws(Failure) -> [Bytes] {
    var extra = metadata.map { JSONValue.Member($0.name, .string($0.value)) }
    var members: [JSONValue.Member] = []
    var seen: Set<String> = [metadataName]
    var offset = 0
    for (name, tensor) in tensors {
      guard seen.insert(name).inserted else {
        throw Failure("'\(name)' cannot name a tensor: it is used twice or by the format itself")
      }
      let end = offset + tensor.bytes.count
      var (code, extents) = ("U8", [tensor.bytes.count])
      if let known = codes.first(where: { $0.element == tensor.element }) {
        (code, extents) = (known.code, tensor.shape.extents)
      } else {
        extra.append(JSONValue.Member(typePrefix + name, .string(tensor.type.description)))
      }
      members.append(
        JSONValue.Member(
          name,
          [
            "dtype": .string(code), "shape": .array(extents.map(JSONValue.integer)),
            "data_offsets": [.integer(offset), .integer(end)],
          ]))
      offset = end
    }
    var names: Set<String> = []
    for member in extra where !names.insert(member.name).inserted {
      throw Failure("the metadata entry '\(member.name)' is given twice")
    }
    if !extra.isEmpty { members.insert(JSONValue.Member(metadataName, .object(extra)), at: 0) }
    var header = JSONValue.object(members).compact
    header += String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    var out = ByteBuilder(capacity: 8 + header.utf8.count)
    out.append(littleEndian: UInt64(header.utf8.count))
    out.append(header)
    return [out.finish()] + tensors.map(\.tensor.bytes)
  }

  private static let metadataName = "__metadata__"
  private static let typePrefix = "fettle.type/"

  private static let codes: [(code: String, element: ElementType)] = [
    ("F32", .f32), ("F16", .f16), ("BF16", .bf16), ("F64", .f64), ("I64", .i64), ("I32", .i32),
    ("I16", .i16), ("I8", .i8), ("U64", .u64), ("U32", .u32), ("U16", .u16), ("U8", .u8),
    ("BOOL", .bool),
  ]

  private typealias Parts = (
    entries: [Entry], metadata: [(name: String, value: String)], data: Bytes
  )

  private static func parse(_ bytes: Bytes) throws(Failure) -> Parts {
    let reader = ByteReader(bytes: bytes)
    guard let length = reader.long(at: 0), let header = reader.slice(at: 8, count: length) else {
      throw Failure("not a .safetensors file, or cut off: its header does not fit the file")
    }
    guard let members = try JSONValue.parse(header).members else {
      throw Failure("the header of the .safetensors file is no JSON object")
    }
    let data = bytes[8 + length..<bytes.count]
    var metadata: [(name: String, value: String)] = []
    var types: [String: String] = [:]
    for member in members where member.name == metadataName {
      for entry in member.value.members ?? [] {
        guard let text = entry.value.text else {
          throw Failure("the metadata '\(entry.name)' of the .safetensors file is no text")
        }
        if entry.name.hasPrefix(typePrefix) {
          types[String(entry.name.dropFirst(typePrefix.count))] = text
        } else {
          metadata.append((entry.name, text))
        }
      }
    }
    var entries: [Entry] = []
    for member in members where member.name != metadataName {
      do throws(Failure) {
        entries.append(
          try entry(member.name, member.value, types[member.name], limit: data.count))
      } catch {
        throw error.located(subject: "tensor '\(member.name)'")
      }
    }
    return (entries, metadata, data)
  }

  private static func entry(
    _ name: String, _ value: JSONValue, _ packedType: String?, limit: Int
  ) throws(Failure) -> Entry {
    guard let code = value["dtype"]?.text, let extents = value["shape"]?.elements?.map(\.int),
      let offsets = value["data_offsets"]?.elements?.map(\.int)
    else { throw Failure("an entry without 'dtype', 'shape' or 'data_offsets'") }
    guard let element = codes.first(where: { $0.code == code })?.element else {
      throw Failure(
        "the element type '\(code)' is not supported",
        notes: ["supported: " + codes.map(\.code).joined(separator: " ")], kind: .unsupported)
    }
    let known = extents.compactMap { $0 }
    guard known.count == extents.count, let shape = Shape(known) else {
      throw Failure("the shape is malformed or too large")
    }
    guard offsets.count == 2, let start = offsets[0], let end = offsets[1], start >= 0,
      start <= end, end <= limit
    else { throw Failure("the place of the tensor lies outside the file") }
    var type = TensorType(element, shape)
    if let packedType, element == .u8 {
      guard let packed = packed(packedType) else {
        throw Failure("'\(packedType)' is no type of packed elements")
      }
      type = packed
    }
    guard end - start == type.byteCount else {
      throw Failure("\(end - start) bytes are given for \(type), which has \(type.byteCount)")
    }
    return Entry(name: name, type: type, range: start..<end)
  }

  /// The type that a text like `i4[3,5]` means, if it is one of less than a byte.
  private static func packed(_ text: String) -> TensorType? {
    guard let bracket = text.firstIndex(of: "["),
      let element = ElementType(rawValue: String(text[..<bracket])), element.bitCount < 8,
      let extents = (try? JSONValue.parse(String(text[bracket...])))?.elements?.map(\.int)
    else { return nil }
    let known = extents.compactMap { $0 }
    return known.count == extents.count ? Shape(known).map { TensorType(element, $0) } : nil
  }
}

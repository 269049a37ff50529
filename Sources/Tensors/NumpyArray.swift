// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

/// Tensors in numpy's `.npy` format (numpy's `lib/format` documents it): a magic number, a header
/// that is the text of a Python dictionary, and the elements.
public enum NumpyArray {
  /// The tensor of a `.npy` file: format versions 1 to 3, either byte order, row- or column-major.
  /// The elements stay part of `bytes` if they lie as tensors need them. Throws for what is
  /// malformed, for a length that is not that of the shape, and for element types that tensors do
  /// not have.
  public static func decode(_ bytes: Bytes, file: String = "") throws(Failure) -> Tensor {
    do throws(Failure) {
      return try decode(unlocated: bytes)
    } catch {
      throw error.located(file: file)
    }
  }

  /// The tensor of the `.npy` file at a path, which is mapped into memory.
  public static func read(_ path: String) throws(Failure) -> Tensor {
    try decode(Platform.mapFile(path), file: path)
  }

  /// The `.npy` file of a tensor, as numpy writes it (version 1.0, row-major). Element types that
  /// numpy lacks are widened exactly: `bf16` to `f32`, `i4` and `b1` to `i8`, `u4` and `u2` to
  /// `u8`.
  public static func encode(_ tensor: Tensor) -> Bytes {
    let tensor = widened(tensor)
    var header = NumpyHeader(type: tensor.type).text
    // numpy leaves room for the first extent to grow to 21 digits. Magic, version and length are 10
    // bytes; with the header and a line break they fill a multiple of 64, by at least one space.
    if let first = tensor.shape.extents.first {
      header += String(repeating: " ", count: 21 - String(first).utf8.count)
    }
    let padding = 64 - (11 + header.utf8.count) % 64
    header += String(repeating: " ", count: padding) + "\n"
    var out = ByteBuilder(capacity: 10 + header.utf8.count + tensor.bytes.count)
    for byte in magic { out.append(littleEndian: byte) }
    // A header that outgrows 16 bits (a shape of thousands of axes) needs version 2.
    if let short = UInt16(exactly: header.utf8.count) {
      out.append(littleEndian: UInt16(1))
      out.append(littleEndian: short)
    } else {
      out.append(littleEndian: UInt16(2))
      out.append(littleEndian: UInt32(truncatingIfNeeded: header.utf8.count))
    }
    out.append(header)
    out.append(tensor.bytes)
    return out.finish()
  }

  private static let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]

  /// Whether a file starts as `.npy` files do.
  static func isOne(_ bytes: Bytes) -> Bool {
    bytes.count >= magic.count && bytes[0..<magic.count] == Bytes(magic)
  }

  private static func decode(unlocated bytes: Bytes) throws(Failure) -> Tensor {
    guard isOne(bytes) else {
      throw Failure("not a .npy file: it does not start with numpy's magic number")
    }
    let reader = ByteReader(bytes: bytes)
    guard let version = reader.integer(UInt8.self, at: 6) else { throw truncated }
    guard (1...3).contains(version) else {
      throw Failure("version \(version) of the .npy format is not known", kind: .unsupported)
    }
    let lengthSize = version == 1 ? 2 : 4
    guard let length = version == 1 ? reader.half(at: 8) : reader.word(at: 8),
      let text = reader.slice(at: 8 + lengthSize, count: length)
    else { throw truncated }
    let header = try NumpyHeader(parsing: text)
    let type = header.type
    let data = bytes[8 + lengthSize + length..<bytes.count]
    guard data.count == type.byteCount else {
      throw Failure(
        "the .npy file holds \(data.count) bytes of elements where \(type) has \(type.byteCount)")
    }
    let size = type.element.bitCount / 8
    var elements = data
    if header.isBigEndian {
      elements = ElementReordering.swappingBytes(elements, elementSize: size)
    }
    if header.isColumnMajor {
      elements = ElementReordering.rowMajor(
        fromColumnMajor: elements, type.shape, elementSize: size)
    }
    guard let tensor = Tensor(type, bytes: elements.aligned(to: size)) else {
      unreachable("the count was checked")
    }
    return tensor
  }

  private static var truncated: Failure { Failure("the .npy file ends within its header") }

  private static func widened(_ tensor: Tensor) -> Tensor {
    let target: ElementType
    switch tensor.element {
    case .bf16: target = .f32
    case .i4, .b1: target = .i8
    case .u4, .u2: target = .u8
    case .f32, .f16, .f64, .i64, .i32, .i16, .i8, .u64, .u32, .u16, .u8, .bool: return tensor
    }
    let type = TensorType(target, tensor.shape)
    return target.isFloat
      ? Tensor(type, rounding: tensor.doubles()) : Tensor(type, wrapping: tensor.integers())
  }
}

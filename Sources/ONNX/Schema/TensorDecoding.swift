// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

extension TensorProto {
  /// How diagnostics name the tensor, or nil if it has no name.
  public var subject: String? { name.isEmpty ? nil : "tensor '\(name)'" }

  /// The element type and the shape. Throws if the type is not one of ours (an `unsupported`
  /// failure) or the extents are negative or too many.
  public func decodedType() throws(Failure) -> TensorType {
    guard let element = ONNXElementType(rawValue: dataType)?.element else {
      throw failure(
        "elements of type \(ONNXElementType.name(of: dataType)) are not supported",
        kind: .unsupported)
    }
    return TensorType(element, try Self.shape(dims, subject: subject))
  }

  /// The shape that dims read from a file stand for.
  static func shape(_ dims: [Int64], subject: String?) throws(Failure) -> Shape {
    guard let shape = Shape(dims.map { Int(clamping: $0) }) else {
      let extents =
        dims.prefix(16).map(String.init).joined(separator: ",") + (dims.count > 16 ? ",…" : "")
      let what =
        dims.contains { $0 < 0 } ? "has a negative extent" : "has too many elements"
      throw Failure("the shape [\(extents)] \(what)", at: Origin(subject: subject))
    }
    return shape
  }

  /// The tensor. Elements in `raw_data`, `float_data`, `double_data` or another file are views of
  /// the mapped file. Throws if the data do not fit the shape, lie outside of their file, or are of
  /// a type that is not ours; elements in another file need `external`.
  public func decoded(external: ExternalData? = nil) throws(Failure) -> Tensor {
    let type = try decodedType()
    guard let tensor = Tensor(type, bytes: try elementBytes(type, external)) else {
      unreachable("the bytes of a tensor were not counted")
    }
    return tensor
  }

  private func elementBytes(
    _ type: TensorType, _ external: ExternalData?
  ) throws(Failure) -> Bytes {
    guard !isSegment else {
      throw failure("tensors stored in segments are not supported", kind: .unsupported)
    }
    guard dataLocation == 0 || isExternal else {
      throw failure("the data are in a place that is not known (data_location \(dataLocation))")
    }
    if isExternal {
      guard let external else { throw failure("the data are in another file") }
      return normalized(try external.bytes(of: self, count: type.byteCount), type)
    }
    let forms = filledForms
    guard let form = forms.first else {
      guard type.byteCount == 0 else { throw failure("there are no data for \(type)") }
      return Bytes()
    }
    guard forms.count == 1 else {
      let names = forms.map(\.rawValue).joined(separator: " and ")
      throw failure("the data are stored twice, as \(names)")
    }
    let expected = Form(for: type.element)
    guard form == .raw || form == expected else {
      throw failure(
        "\(ONNXElementType.name(of: dataType)) elements are stored as \(form.rawValue); "
          + "\(expected.rawValue) or raw_data is expected")
    }
    return normalized(try inlineBytes(form, type), type)
  }

  /// The fields that can hold elements; the raw value is the schema's name.
  private enum Form: String {
    case raw = "raw_data"
    case floats = "float_data"
    case int32s = "int32_data"
    case strings = "string_data"
    case int64s = "int64_data"
    case doubles = "double_data"
    case uint64s = "uint64_data"

    /// The field, other than `raw_data`, that holds elements of a type.
    init(for element: ElementType) {
      switch element {
      case .f32: self = .floats
      case .f64: self = .doubles
      case .i64: self = .int64s
      case .u32, .u64: self = .uint64s
      case .i32, .i16, .i8, .i4, .u16, .u8, .u4, .u2, .f16, .bf16, .bool, .b1: self = .int32s
      }
    }
  }

  private var filledForms: [Form] {
    var forms: [Form] = []
    if let rawData, rawData.count > 0 { forms.append(.raw) }
    if floatData.count > 0 { forms.append(.floats) }
    if !int32Data.isEmpty { forms.append(.int32s) }
    if !stringData.isEmpty { forms.append(.strings) }
    if !int64Data.isEmpty { forms.append(.int64s) }
    if doubleData.count > 0 { forms.append(.doubles) }
    if !uint64Data.isEmpty { forms.append(.uint64s) }
    return forms
  }

  private func inlineBytes(_ form: Form, _ type: TensorType) throws(Failure) -> Bytes {
    let bytes: Bytes
    switch form {
    case .raw: bytes = rawData ?? Bytes()
    case .floats: bytes = floatData
    case .doubles: bytes = doubleData
    case .int64s: bytes = Bytes(copying: int64Data)
    case .uint64s where type.element == .u64: bytes = Bytes(copying: uint64Data)
    case .uint64s:
      if let wrong = uint64Data.first(where: { $0 > UInt32.max }) { throw outOfRange(wrong) }
      bytes = Bytes(copying: uint64Data.map { UInt32(truncatingIfNeeded: $0) })
    case .int32s: bytes = try narrowed(to: type.element)
    case .strings: unreachable("texts are no elements of ours")
    }
    guard bytes.count == type.byteCount else {
      throw failure(
        "there are \(bytes.count) bytes of data for \(type), which takes \(type.byteCount)")
    }
    return bytes
  }

  /// The elements in `int32_data`, each of which may be written as signed or unsigned; those of
  /// less than a byte are packed into one byte a number.
  private func narrowed(to element: ElementType) throws(Failure) -> Bytes {
    if element == .i32 { return Bytes(copying: int32Data) }
    if element == .bool { return Bytes(copying: int32Data.map { UInt8($0 != 0 ? 1 : 0) }) }
    let isWide = element.bitCount == 16
    let range: ClosedRange<Int32> = isWide ? -0x8000...0xFFFF : -0x80...0xFF
    if let wrong = int32Data.first(where: { !range.contains($0) }) { throw outOfRange(wrong) }
    return isWide
      ? Bytes(copying: int32Data.map { UInt16(truncatingIfNeeded: $0) })
      : Bytes(copying: int32Data.map { UInt8(truncatingIfNeeded: $0) })
  }

  /// Truth values as 0 and 1, which our tensors hold, where a file has other bytes.
  private func normalized(_ bytes: Bytes, _ type: TensorType) -> Bytes {
    guard type.element == .bool else { return bytes }
    return bytes.withUnsafeBytes { source in
      source.contains { $0 > 1 } ? Bytes(source.map { $0 == 0 ? 0 : 1 }) : bytes
    }
  }

  private func outOfRange(_ value: some BinaryInteger) -> Failure {
    failure("\(value) is no element of type \(ONNXElementType.name(of: dataType))")
  }

  func failure(_ message: String, kind: Failure.Kind = .failed) -> Failure {
    Failure(message, at: Origin(subject: subject), kind: kind)
  }
}

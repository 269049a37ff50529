// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

/// The element type and the extents of a tensor, as far as they are said.
public struct TensorTypeProto: ProtobufMessage {
  /// The element type's number.
  public var elementType: Int32 = 0
  /// The axes, or nil if not even their number is said; empty for a scalar.
  public var shape: [DimensionProto]?

  /// A tensor type of which nothing is said.
  public init() {}

  /// A tensor type.
  public init(_ elementType: ONNXElementType, shape: [DimensionProto]?) {
    self.elementType = elementType.rawValue
    self.shape = shape
  }

  public mutating func read(_ reader: inout ProtobufReader) throws(Failure) {
    while let number = try reader.nextField() {
      switch number {
      case 1: elementType = try reader.int32()
      case 2:
        var axes = shape ?? []
        var inner = try reader.nested()
        while let number = try inner.nextField() {
          if number == 1 { try inner.append(to: &axes) } else { try inner.skip() }
        }
        shape = axes
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.int32(1, elementType, always: true)
    if let shape { writer.nested(2) { $0.messages(1, shape) } }
  }
}

/// One axis of a tensor type.
public struct DimensionProto: ProtobufMessage {
  /// How many positions the axis has.
  public enum Extent: Equatable, Sendable {
    case unknown
    /// A number, which the file may give as negative.
    case value(Int64)
    /// A name; equal names stand for equal numbers.
    case parameter(String)
  }

  /// How many positions the axis has.
  public var extent = Extent.unknown
  /// A standard word for what the axis means, as in `DATA_BATCH`.
  public var denotation = ""

  /// An axis of unknown extent.
  public init() {}

  /// An axis of an extent.
  public init(_ extent: Extent) { self.extent = extent }

  public mutating func read(_ reader: inout ProtobufReader) throws(Failure) {
    while let number = try reader.nextField() {
      switch number {
      case 1: extent = .value(try reader.int64())
      case 2: extent = .parameter(try reader.string())
      case 3: denotation = try reader.string()
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    switch extent {
    case .unknown: break
    case .value(let value): writer.int64(1, value, always: true)
    case .parameter(let name): writer.string(2, name, always: true)
    }
    writer.string(3, denotation)
  }
}

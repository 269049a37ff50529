// SPDX-License-Identifier: Apache-2.0
public import Tensors

/// The element types of the ONNX schema; the raw value is `data_type`.
public enum ONNXElementType: Int32, CaseIterable, Sendable {
  case undefined = 0
  case float = 1
  case uint8 = 2
  case int8 = 3
  case uint16 = 4
  case int16 = 5
  case int32 = 6
  case int64 = 7
  case string = 8
  case bool = 9
  case float16 = 10
  case double = 11
  case uint32 = 12
  case uint64 = 13
  case complex64 = 14
  case complex128 = 15
  case bfloat16 = 16
  case float8e4m3fn = 17
  case float8e4m3fnuz = 18
  case float8e5m2 = 19
  case float8e5m2fnuz = 20
  case uint4 = 21
  case int4 = 22
  case float4e2m1 = 23
  case float8e8m0 = 24
  case uint2 = 25
  case int2 = 26
  case float6e2m3 = 27
  case float6e3m2 = 28

  /// The schema's name, as in `FLOAT16`.
  public var name: String { "\(self)".uppercased() }

  /// The schema's name for a `data_type`, or what else to call it.
  public static func name(of dataType: Int32) -> String {
    ONNXElementType(rawValue: dataType)?.name ?? "data type \(dataType)"
  }

  /// The element type of ours, or nil if there is none.
  public var element: ElementType? {
    switch self {
    case .float: .f32
    case .float16: .f16
    case .bfloat16: .bf16
    case .double: .f64
    case .int64: .i64
    case .int32: .i32
    case .int16: .i16
    case .int8: .i8
    case .int4: .i4
    case .uint64: .u64
    case .uint32: .u32
    case .uint16: .u16
    case .uint8: .u8
    case .uint4: .u4
    case .uint2: .u2
    case .bool: .bool
    case .undefined, .string, .complex64, .complex128, .float8e4m3fn, .float8e4m3fnuz,
      .float8e5m2, .float8e5m2fnuz, .float4e2m1, .float8e8m0, .int2, .float6e2m3, .float6e3m2:
      nil
    }
  }

  /// The schema's type for one of ours, or nil if there is none (`b1`).
  public init?(_ element: ElementType) {
    switch element {
    case .f32: self = .float
    case .f16: self = .float16
    case .bf16: self = .bfloat16
    case .f64: self = .double
    case .i64: self = .int64
    case .i32: self = .int32
    case .i16: self = .int16
    case .i8: self = .int8
    case .i4: self = .int4
    case .u64: self = .uint64
    case .u32: self = .uint32
    case .u16: self = .uint16
    case .u8: self = .uint8
    case .u4: self = .uint4
    case .u2: self = .uint2
    case .bool: self = .bool
    case .b1: return nil
    }
  }
}

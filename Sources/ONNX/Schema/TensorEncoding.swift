// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

extension TensorProto {
  /// The tensor in `raw_data`, sharing its bytes. Throws if ONNX has no such element type (`b1`).
  public init(_ tensor: Tensor, name: String = "") throws(Failure) {
    self.init()
    self.name = name
    guard let type = ONNXElementType(tensor.element) else {
      throw failure(
        "ONNX has no element type for \(tensor.element.rawValue)", kind: .unsupported)
    }
    dims = tensor.shape.extents.map { Int64($0) }
    dataType = type.rawValue
    rawData = tensor.bytes
  }
}

extension TensorTypeProto {
  /// The tensor type with all extents given. Throws if ONNX has no such element type (`b1`).
  public init(_ type: TensorType) throws(Failure) {
    guard let element = ONNXElementType(type.element) else {
      throw Failure(
        "ONNX has no element type for \(type.element.rawValue)", kind: .unsupported)
    }
    self.init(element, shape: type.shape.extents.map { DimensionProto(.value(Int64($0))) })
  }
}

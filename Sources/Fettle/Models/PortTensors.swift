// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Between tensors of ports and `.npy` files. Element types that `.npy` cannot name travel in others: bf16 as the bits in u16, i4 as i8, u4
/// and u2 as u8.
enum PortTensors {
  /// The tensor of a file as the type of a port, or why it does not fit.
  static func read(_ path: String, for type: TensorType, named name: String) throws(Failure) -> Tensor {
    let tensor = try NumpyArray.read(path)
    guard let fitting = adapt(tensor, to: type) else {
      throw Failure(
        "holds \(tensor.type), but input '\(name)' is \(type)", at: Origin(file: path))
    }
    return fitting
  }

  /// The array of a tensor for a file.
  static func encode(_ tensor: Tensor) -> Bytes { NumpyArray.encode(carried(tensor)) }

  private static func adapt(_ tensor: Tensor, to type: TensorType) -> Tensor? {
    guard tensor.shape == type.shape else { return nil }
    if tensor.element == type.element { return tensor }
    guard tensor.element == carrier(of: type.element) else { return nil }
    if type.element == .bf16 { return Tensor(type, bytes: tensor.bytes) }
    return Tensor(type, wrapping: tensor.integers())
  }

  private static func carried(_ tensor: Tensor) -> Tensor {
    guard let carrier = carrier(of: tensor.element) else { return tensor }
    let type = TensorType(carrier, tensor.shape)
    if tensor.element == .bf16, let bits = Tensor(type, bytes: tensor.bytes) { return bits }
    return Tensor(type, wrapping: tensor.integers())
  }

  /// The type in which a file carries elements that it cannot name.
  private static func carrier(of element: ElementType) -> ElementType? {
    switch element {
    case .bf16: .u16
    case .i4, .b1: .i8
    case .u4, .u2: .u8
    default: nil
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors

// Elements that are only moved are seen as integers of their width, so that no bit of them changes
// (a NaN's neither).
extension TensorType {
  /// The type with floats replaced by unsigned integers of the same width.
  var withBitsAsIntegers: TensorType {
    let carrier: ElementType =
      switch element {
      case .f64: .u64
      case .f32: .u32
      case .f16, .bf16: .u16
      default: element
      }
    return TensorType(carrier, shape)
  }
}

extension Tensor {
  /// The same bits with floats seen as unsigned integers.
  var withBitsAsIntegers: Tensor { withElements(of: type.withBitsAsIntegers) }

  /// The same bits as another type of the same size.
  func withElements(of other: TensorType) -> Tensor {
    guard let tensor = Tensor(other, bytes: bytes) else {
      unreachable("the types have the same size")
    }
    return tensor
  }
}

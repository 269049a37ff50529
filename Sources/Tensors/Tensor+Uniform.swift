// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

extension Tensor {
  /// The value of every element, if all are the same; nil for an empty tensor.
  public var uniformValue: Double? {
    guard count > 0 else { return nil }
    let width = element.bitCount / 8
    guard width > 0 else {
      let values = doubles()
      return values.allSatisfy { $0 == values[0] } ? values[0] : nil
    }
    guard bytes[0..<bytes.count - width] == bytes[width..<bytes.count] else { return nil }
    return Tensor(TensorType(element, .scalar), bytes: bytes[0..<width])?.doubles().first
  }
}

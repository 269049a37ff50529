// SPDX-License-Identifier: Apache-2.0
import Tensors

extension Graph {
  /// Constant scales that are no numbers or infinite, and those of 0 by which a quantize divides. A
  /// dequantize or requantize by 0 makes zeros.
  ///
  /// Only what is read is looked at: a pass may fold a computed scale to anything.
  func scaleViolations() -> [GraphViolation] {
    var found: [GraphViolation] = []
    for op in opIDs {
      let definition = definition(of: op)
      let divides = definition is Quantize
      guard divides || definition is Dequantize || definition is Requantize else { continue }
      let operands = operands(of: op)
      guard operands.count > 1, let scale = operands[1], let tensor = tensor(scale) else { continue }
      let numbers = tensor.doubles()
      if let number = numbers.first(where: { !$0.isFinite }) {
        found.append(
          GraphViolation(place: .op(op), message: "the scale holds \(number), which is no scale"))
      } else if divides, numbers.contains(0) {
        found.append(
          GraphViolation(
            place: .op(op), message: "the scale holds 0, and nothing can be divided by it"))
      }
    }
    return found
  }
}

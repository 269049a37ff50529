// SPDX-License-Identifier: Apache-2.0
import Tensors

extension Tensor {
  /// Whether no element is infinite or NaN.
  var isFinite: Bool { !element.isFloat || doubles().allSatisfy(\.isFinite) }
  /// Whether an element is NaN.
  var holdsNaN: Bool { element.isFloat && doubles().contains(where: \.isNaN) }
}

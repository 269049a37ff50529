// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors

// What convolutions and matrix products share: the type of the sums, zero points, bias and
// rounding.

/// Whether sums of `depth` products of integers of these types and a bias are exact in doubles, which
/// are much faster than wide integers. A zero point adds a bit to each factor.
func areExactInDouble(_ a: ElementType, _ b: ElementType, depth: Int, bias: Tensor?) -> Bool {
  guard a.bitCount <= 16, b.bitCount <= 16 else { return false }
  let productBits = a.bitCount + 1 + b.bitCount + 1
  let limit: Int64 = 1 << 52
  return depth < limit >> productBits
    && (bias?.integers() ?? []).allSatisfy { -limit...limit ~= $0 }
}

/// A zero point for each row or column; one alone stands for all.
struct ZeroPoints<Number: WideNumber> {
  private let values: [Number]

  /// The values of an operand; 0 if it is absent.
  init(_ tensor: Tensor?) {
    values = (tensor?.integers() ?? [0]).map { .converting($0) }
  }

  /// Whether all are 0, so that nothing need be subtracted.
  var areZero: Bool { values.allSatisfy { $0 == .zero } }
  /// Whether one stands for all.
  var isUniform: Bool { values.count == 1 }

  /// The zero point of a row or column.
  subscript(index: Int) -> Number { values[isUniform ? 0 : index] }
}

extension ProductNumber {
  /// Stores sums, with a bias for each added, rounded once to the type of the result. Integer sums
  /// wrap.
  static func store(
    _ sums: UnsafeMutablePointer<Self>, _ builder: TensorBuilder, at start: Int, count: Int
  ) {
    if Self.self == Double.self, builder.type.element.isInteger {
      withUnsafeTemporaryAllocation(of: Int64.self, capacity: max(count, 1)) { integers in
        UnsafeRawPointer(sums).withMemoryRebound(to: Double.self, capacity: count) { doubles in
          for i in 0..<count { integers[i] = Int64(doubles[i]) }
        }
        builder.store(UnsafePointer(integers.baseAddress!), at: start, count: count)
      }
    } else {
      builder.store(UnsafePointer(sums), at: start, count: count)
    }
  }

  /// The elements of a bias; empty if it is absent.
  static func bias(_ tensor: Tensor?) -> [Self] {
    guard let tensor else { return [] }
    return withUnsafeTemporaryAllocation(of: Self.self, capacity: max(tensor.count, 1)) { room in
      tensor.load(room.baseAddress!, at: 0, count: tensor.count)
      return Array(room.prefix(tensor.count))
    }
  }
}

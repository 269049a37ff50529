// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

extension SparseTensorProto {
  /// The most bytes that a sparse tensor may take when it is dense: a small file can claim any
  /// shape.
  public static let denseByteLimit = 1 << 30

  /// The dense tensor, zero where nothing is stored. Throws if values or indices can not be
  /// decoded, do not fit each other or the shape, or are not ascending, or if it would be too
  /// large.
  public func decoded(external: ExternalData? = nil) throws(Failure) -> Tensor {
    let shape = try TensorProto.shape(dims, subject: values.subject)
    let stored = try values.decoded(external: external)
    let type = TensorType(stored.element, shape)
    guard type.byteCount <= Self.denseByteLimit else {
      throw values.failure("the sparse tensor takes \(type.byteCount) bytes as \(type)")
    }
    let positions = try positions(in: shape, count: stored.count, external)
    guard let dense = Tensor(type, bytes: Self.scatter(stored, to: positions, type)) else {
      unreachable("the bytes of a tensor were not counted")
    }
    return dense
  }

  /// The places of the values in row-major order, ascending.
  private func positions(
    in shape: Shape, count: Int, _ external: ExternalData?
  ) throws(Failure) -> [Int] {
    let table: Tensor
    do throws(Failure) {
      table = try indices.decoded(external: external)
    } catch {
      throw error.located(subject: values.subject ?? "the indices of a sparse tensor")
    }
    let extents = table.shape.extents
    let isLinear = extents == [count]
    guard table.element == .i64, isLinear || extents == [count, shape.rank] else {
      throw values.failure("the indices are \(table.type) for \(count) values of \(shape)")
    }
    let numbers = table.integers()
    let limits = isLinear ? [shape.elementCount] : shape.extents
    let strides = isLinear ? [1] : shape.rowMajorStrides
    var positions: [Int] = []
    positions.reserveCapacity(count)
    for row in 0..<count {
      var position = 0
      for axis in limits.indices {
        let index = numbers[row * limits.count + axis]
        guard index >= 0, index < limits[axis] else {
          throw values.failure("index \(index) is outside of the sparse tensor \(shape)")
        }
        position += Int(index) * strides[axis]
      }
      if let last = positions.last, position <= last {
        throw values.failure("the indices are not ascending")
      }
      positions.append(position)
    }
    return positions
  }

  private static func scatter(
    _ stored: Tensor, to positions: [Int], _ type: TensorType
  ) -> Bytes {
    let bits = type.element.bitCount
    return Bytes(count: type.byteCount) { dense in
      stored.bytes.withUnsafeBytes { source in
        for (i, position) in positions.enumerated() {
          if bits < 8 {
            let perByte = 8 / bits
            let value = source[i / perByte] >> UInt8(i % perByte * bits) & UInt8((1 << bits) - 1)
            dense[position / perByte] |= value << UInt8(position % perByte * bits)
          } else {
            let size = bits / 8
            for byte in 0..<size { dense[position * size + byte] = source[i * size + byte] }
          }
        }
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// Brings elements of whole bytes into the order and the byte order of tensors.
enum ElementReordering {
  /// The elements with the bytes of each reversed.
  static func swappingBytes(_ bytes: Bytes, elementSize: Int) -> Bytes {
    switch elementSize {
    case 2: swapped(bytes, as: UInt16.self)
    case 4: swapped(bytes, as: UInt32.self)
    case 8: swapped(bytes, as: UInt64.self)
    default: bytes
    }
  }

  /// The elements of a column-major array of this shape in row-major order.
  static func rowMajor(fromColumnMajor bytes: Bytes, _ shape: Shape, elementSize: Int) -> Bytes {
    guard shape.rank > 1, shape.elementCount > 1 else { return bytes }
    switch elementSize {
    case 1: return transposed(bytes, shape, as: UInt8.self)
    case 2: return transposed(bytes, shape, as: UInt16.self)
    case 4: return transposed(bytes, shape, as: UInt32.self)
    case 8: return transposed(bytes, shape, as: UInt64.self)
    default: unreachable("no element of whole bytes is \(elementSize) bytes wide")
    }
  }

  private static func swapped<T: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: Bytes, as type: T.Type
  ) -> Bytes {
    bytes.withElements(of: type) { source in
      Bytes(count: bytes.count) { out in
        for i in source.indices {
          out.storeBytes(
            of: source[i].byteSwapped, toByteOffset: i * MemoryLayout<T>.size, as: type)
        }
      }
    }
  }

  private static func transposed<T: BitwiseCopyable>(
    _ bytes: Bytes, _ shape: Shape, as type: T.Type
  ) -> Bytes {
    // The distance in the source between neighbours along each axis: the first axis is the
    // innermost.
    var steps: [Int] = []
    var step = 1
    for extent in shape.extents {
      steps.append(step)
      step *= extent
    }
    let last = shape.rank - 1
    let (inner, innerStep) = (shape[last], steps[last])
    return bytes.withElements(of: type) { source in
      Bytes(count: bytes.count) { out in
        var position = [Int](repeating: 0, count: shape.rank)
        var (from, to) = (0, 0)
        while to < shape.elementCount {
          for i in 0..<inner {
            out.storeBytes(
              of: source[from + i * innerStep], toByteOffset: (to + i) * MemoryLayout<T>.size,
              as: type)
          }
          to += inner
          var axis = last - 1
          while axis >= 0 {
            position[axis] += 1
            from += steps[axis]
            if position[axis] < shape[axis] { break }
            from -= steps[axis] * shape[axis]
            position[axis] = 0
            axis -= 1
          }
        }
      }
    }
  }
}

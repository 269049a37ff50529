// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import LoopIR
public import Tensors

/// Constants brought into the order in which kernels read them, at compile time.
public enum Packing {
  /// The tensor's elements in a layout of its shape; the rest of the layout is 0.
  /// The bytes are made when they are read: programs of large models are looked at more often than written, and their weights
  /// are in memory one after the other then.
  public static func pack(_ tensor: Tensor, as layout: BufferLayout) -> Bytes {
    if layout == .rowMajor(tensor.type) { return tensor.bytes }
    return Bytes(count: layout.byteCount, deferred: {
      switch tensor.element.bitCount {
      case ..<8: packedBits(tensor, layout)
      case 8: packed(tensor, layout, as: UInt8.self)
      case 16: packed(tensor, layout, as: UInt16.self)
      case 32: packed(tensor, layout, as: UInt32.self)
      default: packed(tensor, layout, as: UInt64.self)
      }
    })
  }

  /// What of a mapped file is read before its memory is given back.
  private static let pieceBytes = 4 << 20

  private static func packed<Element: FixedWidthInteger & BitwiseCopyable>(
    _ tensor: Tensor, _ layout: BufferLayout, as type: Element.Type
  ) -> Bytes {
    let size = MemoryLayout<Element>.size
    let shape = tensor.shape
    let parts = offsets(in: layout)
    return Bytes(count: layout.byteCount) { out in
      guard shape.elementCount > 0 else { return }
      tensor.bytes.withUnsafeBytes { source in
        var position = [Int](repeating: 0, count: shape.rank)
        var element = 0
        var released = 0
        let inner = shape.rank - 1
        while element < shape.elementCount {
          let base = (0..<max(inner, 0)).reduce(layout.offset) { $0 + parts[$1][position[$1]] }
          let run = inner >= 0 ? shape[inner] : 1
          for i in 0..<run {
            let target = (base + (inner >= 0 ? parts[inner][i] : 0)) * size
            let value = source.loadUnaligned(fromByteOffset: (element + i) * size, as: type)
            out.storeBytes(of: value, toByteOffset: target, as: type)
          }
          element += run
          advance(&position, shape, below: inner)
          if (element - released) * size >= pieceBytes {
            tensor.bytes[released * size..<element * size].release()
            released = element
          }
        }
        tensor.bytes.release()
      }
    }
  }

  /// Elements of less than a byte lie one behind the other from the low bits of a byte up.
  private static func packedBits(_ tensor: Tensor, _ layout: BufferLayout) -> Bytes {
    let bits = tensor.element.bitCount
    let mask = UInt8(1 << bits - 1)
    let shape = tensor.shape
    let parts = offsets(in: layout)
    return Bytes(count: layout.byteCount) { out in
      tensor.bytes.withUnsafeBytes { source in
        var position = [Int](repeating: 0, count: shape.rank)
        for element in 0..<shape.elementCount {
          let target = position.indices.reduce(layout.offset) { $0 + parts[$1][position[$1]] }
          let value = source[element * bits / 8] >> (element * bits % 8) & mask
          out[target * bits / 8] |= value << (target * bits % 8)
          advance(&position, shape, below: shape.rank)
        }
      }
    }
  }

  /// A tensor of `count` elements of a plain type, each computed from its position.
  public static func generate<Element: BitwiseCopyable>(
    count: Int, _ element: (Int) -> Element
  ) -> Bytes {
    Bytes(count: count * MemoryLayout<Element>.stride) { out in
      let typed = out.bindMemory(to: Element.self)
      for i in 0..<count { typed.initializeElement(at: i, to: element(i)) }
    }
  }

  /// What each coordinate adds to an offset, by dimension: offsets are their sums.
  private static func offsets(in layout: BufferLayout) -> [[Int]] {
    (0..<layout.type.shape.rank).map { dimension in
      (0..<layout.type.shape[dimension]).map {
        offset(in: layout, dimension: dimension, coordinate: $0)
      }
    }
  }

  private static func offset(
    in layout: BufferLayout, dimension: Int, coordinate: Int
  ) -> Int {
    layout.axes.reduce(0) { sum, axis in
      guard axis.dimension == dimension else { return sum }
      switch axis.part {
      case .whole: return sum + (coordinate + layout.halo[dimension].before) * axis.stride
      case .outer(let factor): return sum + coordinate / factor * axis.stride
      case .inner(let factor): return sum + coordinate % factor * axis.stride
      }
    }
  }

  private static func advance(_ position: inout [Int], _ shape: Shape, below inner: Int) {
    var axis = inner - 1
    while axis >= 0 {
      position[axis] += 1
      if position[axis] < shape[axis] { return }
      position[axis] = 0
      axis -= 1
    }
  }
}

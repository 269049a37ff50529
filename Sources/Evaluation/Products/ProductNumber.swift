// SPDX-License-Identifier: Apache-2.0

/// A type that sums of products are computed in.
protocol ProductNumber: WideNumber {
  /// Adds to a tile of 4 × 4 sums the products of `depth` columns and rows: sums[i][j] += Σₚ
  /// a[p][i] · b[p][j], for packed a and b ([depth][4]) and sums whose rows are `stride` apart.
  static func addProducts(
    depth: Int, _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>,
    to sums: UnsafeMutablePointer<Self>, stride: Int)
}

extension Double: ProductNumber {
  // The tile takes half of 16 vector registers of two doubles; the other half holds the factors.
  static func addProducts(
    depth: Int, _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>,
    to sums: UnsafeMutablePointer<Double>, stride: Int
  ) {
    let rows = UnsafeMutableRawPointer(sums)
    let rowBytes = stride * MemoryLayout<Double>.size
    var sum0 = rows.load(as: SIMD4<Double>.self)
    var sum1 = rows.load(fromByteOffset: rowBytes, as: SIMD4<Double>.self)
    var sum2 = rows.load(fromByteOffset: 2 * rowBytes, as: SIMD4<Double>.self)
    var sum3 = rows.load(fromByteOffset: 3 * rowBytes, as: SIMD4<Double>.self)
    let right = UnsafeRawPointer(b)
    var (left, offset) = (a, 0)
    for _ in 0..<depth {
      let factors = right.load(fromByteOffset: offset, as: SIMD4<Double>.self)
      sum0 += factors * left[0]
      sum1 += factors * left[1]
      sum2 += factors * left[2]
      sum3 += factors * left[3]
      left += 4
      offset += 4 * MemoryLayout<Double>.size
    }
    rows.storeBytes(of: sum0, as: SIMD4<Double>.self)
    rows.storeBytes(of: sum1, toByteOffset: rowBytes, as: SIMD4<Double>.self)
    rows.storeBytes(of: sum2, toByteOffset: 2 * rowBytes, as: SIMD4<Double>.self)
    rows.storeBytes(of: sum3, toByteOffset: 3 * rowBytes, as: SIMD4<Double>.self)
  }
}

extension Int64: ProductNumber {
  static func addProducts(
    depth: Int, _ a: UnsafePointer<Int64>, _ b: UnsafePointer<Int64>,
    to sums: UnsafeMutablePointer<Int64>, stride: Int
  ) {
    for p in 0..<depth {
      for i in 0..<4 {
        for j in 0..<4 { sums[i * stride + j] &+= a[4 * p + i] &* b[4 * p + j] }
      }
    }
  }
}

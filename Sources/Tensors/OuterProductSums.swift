// SPDX-License-Identifier: Apache-2.0

/// Σ a·bᵀ over pairs of vectors: the second moments of data, in single precision. Vectors are added
/// in blocks, and a block is summed before it joins the total, so that many small terms are not
/// lost beside a large sum.
public struct OuterProductSums: Sendable {
  /// Blocks of so many pairs are summed at once.
  public static let block = 256
  /// The lengths of a and b are multiples of these; what is filled up is zero.
  public static let leftLanes = 4
  public static let rightLanes = 8

  /// The length of a.
  public let rows: Int
  /// The length of b, also the distance of rows in `sums`.
  public let columns: Int
  /// Row-major.
  public private(set) var sums: [Float]

  /// No pairs of vectors of these lengths, which are rounded up to whole lanes.
  public init(rows: Int, columns: Int) {
    self.rows = Self.padded(rows, Self.leftLanes)
    self.columns = Self.padded(columns, Self.rightLanes)
    sums = Array(repeating: 0, count: self.rows * self.columns)
  }

  /// A length rounded up to whole lanes.
  public static func padded(_ length: Int, _ lanes: Int) -> Int {
    (length + lanes - 1) / lanes * lanes
  }

  /// Adds `count` pairs: `left` holds vectors of `rows` elements one behind the other, `right` of
  /// `columns`. With `isSquare` both are the same vectors, and only the part of the sums at and to
  /// the right of the diagonal is meant.
  public mutating func add(_ left: [Float], _ right: [Float], count: Int, isSquare: Bool = false) {
    precondition(
      left.count >= count * rows && right.count >= count * columns, "as many elements as pairs")
    guard count > 0 else { return }
    let (rows, columns) = (rows, columns)
    // Panels lie in the order in which they are read.
    var leftPanels = [SIMD4<Float>](repeating: .zero, count: rows / 4 * count)
    var rightPanel = [SIMD8<Float>](repeating: .zero, count: count)
    sums.withUnsafeMutableBufferPointer { sums in
      left.withUnsafeBufferPointer { left in
        right.withUnsafeBufferPointer { right in
          leftPanels.withUnsafeMutableBufferPointer { leftPanels in
            rightPanel.withUnsafeMutableBufferPointer { rightPanel in
              Self.pack(left, rows, count, leftPanels)
              for column in stride(from: 0, to: columns, by: 8) {
                for k in 0..<count {
                  let place = UnsafeRawPointer(right.baseAddress! + k * columns + column)
                  rightPanel[k] = place.loadUnaligned(as: SIMD8<Float>.self)
                }
                let end = isSquare ? min(rows, column + 8) : rows
                for row in stride(from: 0, to: end, by: 4) {
                  Self.multiply(
                    leftPanels.baseAddress! + row / 4 * count, rightPanel.baseAddress!, count,
                    into: sums.baseAddress! + row * columns + column, columns)
                }
              }
            }
          }
        }
      }
    }
  }

  private static func pack(
    _ left: UnsafeBufferPointer<Float>, _ rows: Int, _ count: Int,
    _ panels: UnsafeMutableBufferPointer<SIMD4<Float>>
  ) {
    for k in 0..<count {
      for panel in 0..<rows / 4 {
        let place = UnsafeRawPointer(left.baseAddress! + k * rows + panel * 4)
        panels[panel * count + k] = place.loadUnaligned(as: SIMD4<Float>.self)
      }
    }
  }

  /// Four rows of eight sums in registers.
  @inline(__always)
  private static func multiply(
    _ left: UnsafePointer<SIMD4<Float>>, _ right: UnsafePointer<SIMD8<Float>>, _ count: Int,
    into sums: UnsafeMutablePointer<Float>, _ distance: Int
  ) {
    var (a, b, c, d) = (SIMD8<Float>.zero, SIMD8<Float>.zero, SIMD8<Float>.zero, SIMD8<Float>.zero)
    for k in 0..<count {
      let (x, y) = (left[k], right[k])
      a += x[0] * y
      b += x[1] * y
      c += x[2] * y
      d += x[3] * y
    }
    for i in 0..<4 {
      let sum = i < 2 ? (i == 0 ? a : b) : (i == 2 ? c : d)
      let place = UnsafeMutableRawPointer(sums + i * distance)
      let old = place.loadUnaligned(as: SIMD8<Float>.self)
      place.storeBytes(of: old + sum, as: SIMD8<Float>.self)
    }
  }

  /// Adds sums over other pairs of vectors of the same lengths.
  public mutating func add(_ other: OuterProductSums) {
    precondition(rows == other.rows && columns == other.columns, "sums of one form")
    for i in sums.indices { sums[i] += other.sums[i] }
  }

  /// Takes `times` · a·bᵀ off: with the means of both and the number of pairs, the moments about
  /// the means are left.
  public mutating func remove(_ left: [Double], _ right: [Double], times: Double) {
    precondition(left.count <= rows && right.count <= columns, "vectors of these lengths")
    for (row, a) in left.enumerated() {
      for (column, b) in right.enumerated() {
        sums[row * columns + column] -= Float(times * a * b)
      }
    }
  }

  /// The sums with what lies below the diagonal copied from above it; for squares.
  public mutating func mirror() {
    for row in 0..<min(rows, columns) {
      for column in 0..<row { sums[row * columns + column] = sums[column * columns + row] }
    }
  }
}

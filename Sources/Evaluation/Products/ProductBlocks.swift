// SPDX-License-Identifier: Apache-2.0

/// The product of an M × K and a K × N matrix that are read in pieces, as they are needed, and
/// converted to the type of the sums on the way: no operand is ever held as a whole in that type.
/// Blocks are sized for a second-level cache of 1 MiB; every sum adds its products in the order of
/// k.
struct ProductBlocks<Number: ProductNumber> {
  /// Rows of the result, products of a sum, columns of the result.
  let rows: Int
  let depth: Int
  let columns: Int

  private static var rowBlock: Int { 512 }
  private static var depthBlock: Int { 256 }
  /// The most columns of a piece that `store` and `loadRight` are asked for.
  static var columnBlock: Int { 128 }

  typealias Piece = UnsafeMutablePointer<Number>

  /// Computes the product.
  ///
  /// - Parameter loadLeft: writes the entries of one row at a range of k.
  /// - Parameter loadRight: writes the entries of one k at a range of columns.
  /// - Parameter store: takes the sums of one row at a range of columns.
  func compute(
    loadLeft: (_ row: Int, _ depth: Range<Int>, Piece) -> Void,
    loadRight: (_ k: Int, _ columns: Range<Int>, Piece) -> Void,
    store: (_ row: Int, _ columns: Range<Int>, Piece) -> Void
  ) {
    let rowRoom = (min(rows, Self.rowBlock) + 3) & ~3
    let depthRoom = min(depth, Self.depthBlock)
    let columnRoom = (min(columns, Self.columnBlock) + 3) & ~3
    let sums = Self.room(rowRoom * columnRoom)
    let left = Self.room(4 * depthRoom)
    let right = Self.room(depthRoom * columnRoom)
    let line = Self.room(max(depthRoom, columnRoom))
    defer { for room in [sums, left, right, line] { room.deallocate() } }
    for rowRange in Self.blocks(rows, Self.rowBlock) {
      for columnRange in Self.blocks(columns, Self.columnBlock) {
        let sumCount = ((rowRange.count + 3) & ~3) * columnRoom
        sums.initialize(repeating: .zero, count: sumCount)
        for depthRange in Self.blocks(depth, Self.depthBlock) {
          packRight(columnRange, depthRange, line, into: right, loadRight)
          for row in stride(from: rowRange.lowerBound, to: rowRange.upperBound, by: 4) {
            packLeft(
              row..<min(row + 4, rowRange.upperBound), depthRange, line, into: left, loadLeft)
            let rowSums = sums + (row - rowRange.lowerBound) * columnRoom
            for column in stride(from: 0, to: columnRange.count, by: 4) {
              Number.addProducts(
                depth: depthRange.count, left, right + column * depthRange.count,
                to: rowSums + column, stride: columnRoom)
            }
          }
        }
        for row in rowRange {
          store(row, columnRange, sums + (row - rowRange.lowerBound) * columnRoom)
        }
      }
    }
  }

  /// Up to four rows of the left matrix as [k][4]; missing rows are 0.
  private func packLeft(
    _ rows: Range<Int>, _ depth: Range<Int>, _ line: Piece, into packed: Piece,
    _ load: (Int, Range<Int>, Piece) -> Void
  ) {
    if rows.count < 4 { packed.initialize(repeating: .zero, count: 4 * depth.count) }
    for (lane, row) in rows.enumerated() {
      load(row, depth, line)
      for p in 0..<depth.count { packed[4 * p + lane] = line[p] }
    }
  }

  /// A block of the right matrix as [column/4][k][4]; missing columns are 0.
  private func packRight(
    _ columns: Range<Int>, _ depth: Range<Int>, _ line: Piece, into packed: Piece,
    _ load: (Int, Range<Int>, Piece) -> Void
  ) {
    let padded = (columns.count + 3) & ~3
    for (p, k) in depth.enumerated() {
      load(k, columns, line)
      for i in columns.count..<padded { line[i] = .zero }
      for column in stride(from: 0, to: padded, by: 4) {
        let target = packed + column * depth.count + 4 * p
        for lane in 0..<4 { target[lane] = line[column + lane] }
      }
    }
  }

  private static func blocks(_ count: Int, _ size: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
  }

  /// Uninitialised memory, aligned for vectors.
  private static func room(_ count: Int) -> Piece {
    UnsafeMutableRawPointer.allocate(
      byteCount: max(count, 4) * MemoryLayout<Number>.size, alignment: 64
    ).bindMemory(to: Number.self, capacity: max(count, 4))
  }
}

// SPDX-License-Identifier: Apache-2.0
import Tensors

/// Which positions of a source a result's dimension shows, as few loops as possible.
struct SourceAxis {
  /// Neighbouring positions of the result.
  enum Piece: Equatable {
    /// Position p shows start + (p − first)·step.
    case line(Range<Int>, start: Int, step: Int)
    /// Position p shows start + ⌊(p − first) / factor⌋; the factor divides the count.
    case repeated(Range<Int>, start: Int, factor: Int)
    /// Nothing of the source: the fill value.
    case fill(Range<Int>)
    /// Any order; −1 is the fill value.
    case table(Range<Int>, [Int])

    /// The positions of the result.
    var positions: Range<Int> {
      switch self {
      case .line(let range, _, _), .repeated(let range, _, _), .fill(let range),
        .table(let range, _):
        range
      }
    }
  }

  /// The dimension of the source; nil if the positions do not depend on one.
  let dimension: Int?
  let pieces: [Piece]

  /// More pieces than this become a table: each is a loop of its own.
  private static let pieceLimit = 5

  /// `count` positions of a dimension from `start` on.
  init(_ dimension: Int?, start: Int = 0, step: Int = 1, count: Int) {
    self.dimension = dimension
    pieces = [.line(0..<count, start: start, step: step)]
  }

  /// `count` positions of a dimension between positions of the fill value.
  init(_ dimension: Int?, fillBefore: Int, count: Int, fillAfter: Int) {
    self.dimension = dimension
    let inside = fillBefore..<fillBefore + count
    let all: [Piece] = [
      .fill(0..<fillBefore), .line(inside, start: 0, step: 1), .fill(inside.upperBound..<inside.upperBound + fillAfter),
    ]
    pieces = all.filter { !$0.positions.isEmpty }
  }

  /// Of more positions no table is made: that would be the compiler's memory for what no device holds.
  private static let tableLimit = 1 << 22

  /// - Throws: if an axis has too many positions for a table of what each of them reads.
  static func requireTable(axis: Int, of shape: Shape) throws(LoweringError) {
    guard shape[axis] > tableLimit else { return }
    throw LoweringError(
      "axis \(axis) of \(shape) has \(shape[axis]) positions; a table of what they read has at most \(tableLimit)")
  }

  /// The source position of each result position; −1 for the fill value.
  init(_ dimension: Int?, _ sources: [Int]) {
    self.dimension = dimension
    if let piece = Self.repeated(sources) {
      pieces = [piece]
      return
    }
    let lines = Self.lines(sources)
    pieces = lines.count > Self.pieceLimit ? [.table(0..<sources.count, sources)] : lines
  }

  /// Whether each position shows the same one of a dimension of as many.
  func isIdentity(of dimension: Int, extent: Int) -> Bool {
    self.dimension == dimension && pieces == [.line(0..<extent, start: 0, step: 1)]
  }

  /// Whether some positions show the fill value.
  var hasGaps: Bool {
    pieces.contains { piece in
      switch piece {
      case .fill: true
      case .table(_, let sources): sources.contains { $0 < 0 }
      case .line, .repeated: false
      }
    }
  }

  /// Whether it is a single line with step 1.
  var isShift: Bool {
    guard pieces.count == 1, case .line(_, _, 1) = pieces[0] else { return false }
    return true
  }

  private static func repeated(_ sources: [Int]) -> Piece? {
    guard let start = sources.first, start >= 0,
      let factor = sources.firstIndex(where: { $0 != start }), factor > 1,
      sources.count % factor == 0,
      sources.indices.allSatisfy({ sources[$0] == start + $0 / factor })
    else { return nil }
    return .repeated(0..<sources.count, start: start, factor: factor)
  }

  private static func lines(_ sources: [Int]) -> [Piece] {
    var pieces: [Piece] = []
    var first = 0
    while first < sources.count {
      let start = sources[first]
      var end = first + 1
      if start < 0 {
        while end < sources.count, sources[end] < 0 { end += 1 }
        pieces.append(.fill(first..<end))
      } else {
        let step = end < sources.count && sources[end] >= 0 ? sources[end] - start : 1
        while end < sources.count, sources[end] >= 0, sources[end] - sources[end - 1] == step {
          end += 1
        }
        pieces.append(.line(first..<end, start: start, step: step))
      }
      first = end
    }
    return pieces
  }
}

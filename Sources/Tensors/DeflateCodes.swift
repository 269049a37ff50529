// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// The two codes of a compressed block of deflate: for literals and lengths, and for distances.
struct DeflateCodes {
  let literals: HuffmanTable
  let distances: HuffmanTable

  static let literalBits = 11
  static let distanceBits = 9

  /// The codes with these lengths, or nil if they are no prefix codes.
  init?(literals: [UInt8], distances: [UInt8]) {
    guard
      let literals = HuffmanTable(
        lengths: literals, primaryBits: Self.literalBits, mayBeEmpty: false,
        meaning: Self.literalMeaning),
      let distances = HuffmanTable(
        lengths: distances, primaryBits: Self.distanceBits, mayBeEmpty: true,
        meaning: Self.distanceMeaning)
    else { return nil }
    self.literals = literals
    self.distances = distances
  }

  /// The codes of blocks that bring none (RFC 1951, 3.2.6).
  static let fixed: DeflateCodes = {
    let literals =
      [UInt8](repeating: 8, count: 144) + [UInt8](repeating: 9, count: 112)
      + [UInt8](repeating: 7, count: 24) + [UInt8](repeating: 8, count: 8)
    guard let codes = DeflateCodes(literals: literals, distances: Array(repeating: 5, count: 32))
    else { unreachable("the fixed codes are complete") }
    return codes
  }()

  /// The order in which a block gives the lengths of the code for lengths (RFC 1951, 3.2.7).
  static let lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

  /// Symbols 0–255 are bytes, 256 ends the block, 257–285 are lengths from 3 to 258 (RFC 1951,
  /// 3.2.5).
  private static func literalMeaning(_ symbol: Int) -> HuffmanTable.Meaning {
    switch symbol {
    case 0..<256: return (.literal, 0, symbol)
    case 256: return (.end, 0, 0)
    case 257..<265: return (.base, 0, symbol - 254)
    case 265..<285:
      let extra = (symbol - 261) / 4
      return (.base, extra, 3 + (4 + (symbol - 261) % 4) << extra)
    case 285: return (.base, 0, 258)
    default: return (.none, 0, 0)
    }
  }

  /// Symbols 0–29 are distances from 1 to 32,768.
  private static func distanceMeaning(_ symbol: Int) -> HuffmanTable.Meaning {
    switch symbol {
    case 0..<4: return (.base, 0, symbol + 1)
    case 4..<30:
      let extra = symbol / 2 - 1
      return (.base, extra, 1 + (2 + symbol % 2) << extra)
    default: return (.none, 0, 0)
    }
  }
}

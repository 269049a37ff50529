// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import LoopIR
public import Targets

/// Where the constants of a program lie in memory: one behind the other, each filled up to the
/// alignment of all, so that their total is the same whatever order a linker puts them in.
public struct WeightLayout: Sendable {
  /// What each constant starts at a multiple of: the widest vector that kernels load, or 8 bytes.
  public let alignment: Int
  /// The buffers of constants, in order, with the place of each in one block of all.
  public let places: [(buffer: Int, offset: Int)]
  /// The bytes of all, filled up: what they take of a device's flash.
  public let byteCount: Int

  /// The layout of a program's constants as they are emitted for a target.
  public init(_ program: Program, _ target: Target) {
    alignment = max(8, max(target.vectorBits, target.floatVectorBits) / 8)
    var places: [(buffer: Int, offset: Int)] = []
    var end = 0
    for (i, buffer) in program.buffers.enumerated() where buffer.storage == .constant {
      places.append((i, end))
      end += Self.filled(program.constants[i]?.count ?? 0, alignment)
    }
    self.places = places
    byteCount = end
  }

  /// The bytes that a constant takes with those that fill it up; at least one alignment, as C has no
  /// empty arrays.
  func filled(_ byteCount: Int) -> Int { Self.filled(byteCount, alignment) }

  private static func filled(_ byteCount: Int, _ alignment: Int) -> Int {
    (max(byteCount, 1) + alignment - 1) / alignment * alignment
  }
}

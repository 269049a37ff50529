// SPDX-License-Identifier: Apache-2.0

/// A device that C is emitted for: what its instruction set offers, what it has room for, and how
/// code for it is compiled. A description only; nothing here knows how to emit anything.
public struct Target: Hashable, Sendable {
  /// The name on the command line, as in `m4`.
  public var name: String
  /// One line of what it is.
  public var summary: String
  /// What its instruction set offers beyond plain integer code.
  public var features: Set<Feature> = []
  /// The width in bits of the vectors that integer code is written with; 0: none.
  public var vectorBits = 0
  /// The width in bits of the vectors that float code is written with; 0: none. Less than
  /// `vectorBits` where compilers take float vectors apart (NEON of ARMv7 is not IEEE arithmetic).
  public var floatVectorBits = 0
  /// The number of vector registers.
  public var vectorRegisters = 0
  /// The number of registers for scalar floats; 0 without a floating-point unit.
  public var floatRegisters = 0
  /// The number of general registers a compiler can use for data, all reserved ones taken off.
  public var integerRegisters: Int
  /// The bytes of the first-level data cache; nil: none, or unknown.
  public var l1Bytes: Int?
  /// The bytes of second-level cache that one core can count on; nil: none, or unknown.
  public var l2Bytes: Int?
  /// The width of a pointer, and of `size_t`.
  public var pointerBits = 32
  /// The floats its floating-point unit computes with.
  public var floatUnit = FloatUnit.none
  /// The bytes of flash for code and constants; nil: not known here, the board decides.
  public var flashBytes: Int?
  /// The bytes of RAM for the arena, data and stack; nil: not known here, the board decides.
  public var ramBytes: Int?
  /// Whether a single load or store may be at an address that is no multiple of its size. Where
  /// not, it faults or is emulated.
  public var allowsUnaligned = false
  /// How sums of integer products are brought back to few bits.
  public var requantize = RequantizeForm.fixedPoint
  /// The C that is written for it.
  public var codeStyle = CodeStyle.plain
  /// The C compiler and the flags that select the target, without optimization and warnings.
  public var compiler: [String]
  /// The compiler's flags for optimization with which emitted C takes the fewest instructions on the
  /// target: more is not always faster, since unrolled loops and what is moved out of them soon take
  /// more registers than there are. `docs/compiler-flags.md` has the counts.
  public var optimization = ["-O3"]

  /// A target with nothing but a core that computes with integers; the rest is set afterwards.
  public init(name: String, summary: String, integerRegisters: Int, compiler: [String]) {
    self.name = name
    self.summary = summary
    self.integerRegisters = integerRegisters
    self.compiler = compiler
  }

  /// The floats that are computed in hardware.
  public enum FloatUnit: String, Sendable, CaseIterable {
    /// None: every float operation is a library call.
    case none
    /// f32 only; f64 is a library call.
    case single
    /// f32 and f64.
    case double
  }

  /// How an accumulated integer becomes a narrow one again.
  public enum RequantizeForm: String, Sendable, CaseIterable {
    /// Times an f32 scale, rounded to the nearest, ties to even.
    case floatScale = "float-scale"
    /// Times a 31-bit integer, shifted right with rounding: no float instruction.
    case fixedPoint = "fixed-point"
  }

  /// The compiler and all the flags that emitted C is compiled with for the target.
  public var compileCommand: [String] { compiler + ["-std=c99"] + optimization }

  /// The C that is written.
  public enum CodeStyle: String, Sendable, CaseIterable {
    /// C99 and nothing else.
    case plain = "c99"
    /// C99 with the vector types of GCC and Clang.
    case vectors = "vector-extensions"
  }

  /// What vectors hold, since widths may differ.
  public enum Lanes: Sendable { case integer, float }

  /// The number of elements of `bits` bits in a vector; 1 where code is scalar.
  public func lanes(_ bits: Int, of kind: Lanes = .float) -> Int {
    guard codeStyle == .vectors, bits > 0 else { return 1 }
    return max(1, (kind == .float ? floatVectorBits : vectorBits) / bits)
  }

  /// The number of values that float code can keep in registers at once, vectors or scalars.
  public var floatTileRegisters: Int {
    if lanes(32) > 1 { return vectorRegisters }
    return floatUnit == .none ? integerRegisters : floatRegisters
  }
}

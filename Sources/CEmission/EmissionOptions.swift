// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Targets
public import Tensors

/// How the weights are written.
public enum WeightStorage: String, CaseIterable, Sendable {
  /// `c` up to `EmissionOptions.incbinThreshold`, `incbin` above.
  case automatic = "auto"
  /// Arrays in `name_data.c`.
  case c
  /// `name_weights.bin`, taken in by the assembler through `name_data.S`.
  case incbin
  /// `name_weights.bin`, which the program brings into memory itself: `name_run` takes a pointer to it,
  /// aligned to 64 bytes.
  case bin
}

/// A macro of the header beyond those of sizes: what scales and zero points of integer ports are told by.
public struct HeaderMacro: Hashable, Sendable {
  /// The number behind the macro.
  public enum Value: Hashable, Sendable { case integer(Int), float(Float) }

  /// What follows `NAME_`, in any spelling: `input_scale`.
  public var name: String
  public var value: Value

  /// A macro.
  public init(name: String, value: Value) {
    self.name = name
    self.value = value
  }
}

/// Inputs with the outputs that a run of them shall give, for `name_test.c`.
public struct GoldenVectors: Sendable {
  /// For each sample the tensors of the inputs, then of the outputs, in the order of the program's ports.
  public var samples: [(inputs: [Tensor], outputs: [Tensor])]
  /// |result − expected| ≤ absolute + relative · |expected|.
  public var absolute: Double
  public var relative: Double

  /// Golden vectors with the tolerance that they are compared under.
  public init(
    samples: [(inputs: [Tensor], outputs: [Tensor])], absolute: Double, relative: Double
  ) {
    self.samples = samples
    self.absolute = absolute
    self.relative = relative
  }
}

/// What is emitted for a program, and how.
public struct EmissionOptions: Sendable {
  /// The target, for the remarks in the files and for what C may be used.
  public var target: Target
  /// The version of the tool, for the header's comment.
  public var toolVersion = ""
  /// The digest of the model, for the header's comment; empty: not said.
  public var modelDigest = ""
  /// The passes that were run, for the header's comment; empty: not said.
  public var pipeline = ""
  /// How the weights are written.
  public var weights = WeightStorage.automatic
  /// The bytes of weights up to which `automatic` chooses `c`.
  public static let incbinThreshold = 256 * 1024
  /// One `name.c` with everything inside, and `void entry(inputs…, outputs…)` over a static arena.
  public var singleFile = false
  /// A call of the macro `NAME_PROFILE(step, "layers")` before each step.
  public var profile = false
  /// Emits `name_test.c` with these vectors.
  public var test: GoldenVectors?
  /// Macros of the header beyond those of sizes, in this order.
  public var macros: [HeaderMacro] = []

  /// The usual choices for a target.
  public init(target: Target) { self.target = target }
}

/// A file that was made, not yet written anywhere.
public struct EmittedFile: Sendable {
  /// The name, without a folder.
  public var name: String
  /// What it holds, one part behind the other; the parts of large weights are made when they are read.
  public var parts: [Bytes]

  /// A file.
  public init(name: String, contents: Bytes) { self.init(name: name, parts: [contents]) }

  /// A file of several parts.
  public init(name: String, parts: [Bytes]) {
    self.name = name
    self.parts = parts
  }

  /// The number of bytes.
  public var count: Int { parts.reduce(0) { $0 + $1.count } }

  /// All parts as one.
  public var contents: Bytes {
    if parts.count == 1 { return parts[0] }
    return Bytes(count: count) { memory in
      var start = 0
      for part in parts {
        part.withUnsafeBytes {
          UnsafeMutableRawBufferPointer(rebasing: memory[start...]).copyMemory(from: $0)
        }
        start += part.count
      }
    }
  }
}

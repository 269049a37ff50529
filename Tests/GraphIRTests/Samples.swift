// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR

/// A repeatable source of random numbers (SplitMix64).
struct TestRandom: RandomNumberGenerator {
  var state: UInt64

  init(_ seed: Int) { state = UInt64(bitPattern: Int64(seed)) }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// The sample files of the ops.
enum Samples {
  static let folder: String = {
    let tests = Paths.folder(of: Paths.folder(of: #filePath))
    return Paths.join(Paths.folder(of: tests), "ir-samples/ops")
  }()

  static let names: [String] =
    ((try? Platform.entries(of: folder)) ?? []).filter { Paths.ending(of: $0) == "fettle" }

  static func text(_ name: String) throws -> String {
    try Platform.readText(Paths.join(folder, name))
  }

  /// The cases of a sample, without the one that holds commands only.
  static func cases(_ name: String) throws -> [String] {
    try text(name).split(separator: "// -----\n").map(String.init).filter { $0.contains("graph @") }
  }

  /// The patterns of a case's directive.
  static func directives(_ name: String, in text: String) -> [String] {
    text.split(separator: "\n").compactMap { line in
      guard let start = line.firstRange(of: "// \(name): ") else { return nil }
      return String(line[start.upperBound...])
    }
  }
}

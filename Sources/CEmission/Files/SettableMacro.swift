// SPDX-License-Identifier: Apache-2.0

/// The macros by which a project places what is emitted: each has the model's name in front, and a
/// meaning of its own unless the compiler is told another.
public enum SettableMacro: String, CaseIterable, Sendable {
  case constants = "CONST"
  case kernel = "KERNEL"
  case arenaAttribute = "ARENA_ATTR"
  case profile = "PROFILE"
  case testWithoutOutput = "TEST_NO_STDIO"

  /// What it is for.
  public var summary: String {
    switch self {
    case .constants:
      "stands in front of each array of weights: a section or a memory space"
    case .kernel:
      "stands in front of each kernel, by GCC and Clang not inlined: a section, such as fast memory"
    case .arenaAttribute:
      "with --single-file: stands in front of the static arena: a section"
    case .profile:
      "with --with-profile: called before each step with its number and its layers: reads a counter"
    case .testWithoutOutput:
      "with --with-test: if defined, the test prints nothing; its status tells the result"
    }
  }

  /// The names of its parameters; nil if it takes none.
  public var parameters: [String]? {
    switch self {
    case .profile: ["step", "layers"]
    case .constants, .kernel, .arenaAttribute, .testWithoutOutput: nil
    }
  }

  /// What it stands for if nothing is set, in C of the standard; nil if it is not defined then.
  public var usual: String? {
    switch self {
    case .constants: "const"
    case .kernel: "static"
    case .arenaAttribute: ""
    case .profile: "((void)0)"
    case .testWithoutOutput: nil
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

extension Target {
  /// The machine the compiler runs on, as the best target that its processor can run. Code is
  /// compiled there by `cc -march=native`.
  /// - Parameters:
  ///   - cpuFlags: the processor's features in the words of Linux (`avx2`, `asimddp`, …); of an
  ///     unknown processor none, which gives portable scalar code on x86-64.
  ///   - architecture: `x86_64`, or `aarch64` (also `arm64`); any other is compiled as portable C.
  public static func host(cpuFlags: [String], architecture: String) -> Target {
    let flags = Set(cpuFlags)
    var best: Target
    switch architecture {
    case "x86_64", "amd64":
      best = x86(flags)
    case "aarch64", "arm64":
      best = aarch64
      if flags.contains("asimddp") { best = aarch64Dotprod }
      if flags.isSuperset(of: ["asimddp", "i8mm"]) { best = aarch64I8MM }
    default:
      best = c99
    }
    let like = best.name
    best.name = "host"
    best.summary = "this machine, with what \(like) has"
    best.compiler = ["cc", "-march=native"]
    // `cc` may be any compiler; the counts for the others are GCC's.
    best.optimization = ["-O3"]
    return best
  }

  /// The words of the first `flags` (x86) or `Features` (ARM) line in the text of `/proc/cpuinfo`.
  public static func cpuFlags(procCPUInfo text: String) -> [String] {
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      let key = parts[0].split(whereSeparator: \.isWhitespace)
      if key == ["flags"] || key == ["Features"] {
        return parts[1].split(whereSeparator: \.isWhitespace).map(String.init)
      }
    }
    return []
  }

  private static func x86(_ flags: Set<String>) -> Target {
    let level2: Set = ["cx16", "popcnt", "sse4_1", "sse4_2", "ssse3"]
    let level3 = level2.union(["avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"])
    let level4 = level3.union(["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"])
    guard flags.isSuperset(of: level2) else { return c99 }
    var best = x86v2
    if flags.isSuperset(of: level4) {
      best = x86v4
      if flags.contains("avx512_vnni") { best.features.insert(.avx512VNNI) }
    } else if flags.isSuperset(of: level3) {
      best = x86v3
    }
    if best.features.contains(.avx2), flags.contains("avx_vnni") {
      best.features.insert(.avxVNNI)
    }
    return best
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Targets
import Testing

@Suite struct StandardTargets {
  /// The emulated devices are compiled for with these words.
  static let compilers = [
    "m0plus": "arm-none-eabi-gcc -mthumb -mcpu=cortex-m0plus",
    "microbit": "arm-none-eabi-gcc -mthumb -mcpu=cortex-m0plus",
    "m4": "arm-none-eabi-gcc -mthumb -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard",
    "m7": "arm-none-eabi-gcc -mthumb -mcpu=cortex-m7 -mfpu=fpv5-d16 -mfloat-abi=hard",
    "m55": "arm-none-eabi-gcc -mthumb -mcpu=cortex-m55 -mfloat-abi=hard",
    "rv32imac":
      "riscv64-unknown-elf-gcc --specs=picolibc.specs -march=rv32imac -mabi=ilp32 -mcmodel=medany",
    "rv64gc": "riscv64-linux-gnu-gcc",
    "rv64gcv": "clang --target=riscv64-linux-gnu -march=rv64gcv -mabi=lp64d",
    "aarch64": "aarch64-linux-gnu-gcc -march=armv8-a",
    "aarch64-dotprod": "aarch64-linux-gnu-gcc -march=armv8.2-a+dotprod",
    "aarch64-i8mm": "aarch64-linux-gnu-gcc -march=armv8.6-a+i8mm",
    "armv7a": "arm-linux-gnueabihf-gcc -march=armv7-a+neon-vfpv4",
    "x86-64": "gcc -march=x86-64-v2",
    "x86-64-v3": "gcc -march=x86-64-v3",
    "x86-64-v4": "gcc -march=x86-64-v4",
    "c99": "cc",
    "host": "cc -march=native",
  ]

  @Test func allAreThereAndConsistent() {
    let names = Target.standard.map(\.name)
    #expect(Set(names) == Set(Self.compilers.keys))
    #expect(Set(names).count == names.count)
    for target in Target.standard {
      #expect(target.contradictions == [], "\(target.name)")
      #expect(target.compiler.joined(separator: " ") == Self.compilers[target.name])
    }
  }

  @Test(arguments: [
    ("m0plus", 1, 1, 8), ("m4", 1, 1, 32), ("m55", 4, 16, 8), ("rv32imac", 1, 1, 27),
    ("rv64gcv", 4, 16, 32), ("armv7a", 1, 16, 32), ("x86-64", 4, 16, 16),
    ("x86-64-v3", 8, 32, 16), ("x86-64-v4", 16, 64, 32), ("c99", 1, 1, 16),
  ])
  func lanes(_ name: String, floats: Int, bytes: Int, registers: Int) throws {
    let target = try Target.named(name)
    #expect(target.lanes(32) == floats)
    #expect(target.lanes(8, of: .integer) == bytes)
    #expect(target.floatTileRegisters == registers)
  }

  @Test func memories() throws {
    let microbit = try Target.named("microbit")
    #expect(microbit.flashBytes == 262_144 && microbit.ramBytes == 16_384)
    #expect(try Target.named("m0plus").ramBytes == nil)
    #expect(try !Target.named("m0plus").allowsUnaligned && Target.named("m4").allowsUnaligned)
  }

  @Test func flagsAreThoseOfTheTarget() throws {
    #expect(try Target.named("m4").compileCommand.suffix(3) == ["-std=c99", "-O3", "-fira-loop-pressure"])
    #expect(try Target.named("m0plus").optimization == ["-O3"])
    // Clang does not know GCC's flags.
    for target in Target.standard where target.compiler[0] == "clang" {
      #expect(target.optimization.count == 1, "\(target.name)")
    }
  }

  @Test func everyFieldIsDescribed() throws {
    let rows = try Target.named("m4").describe().split(separator: "\n")
    #expect(rows.count == Target.fields.count)
    #expect(rows.contains { $0.hasPrefix("features") && $0.contains("fma dsp") })
    #expect(rows.contains { $0.hasPrefix("ram-bytes") && $0.contains("not known") })
  }

  @Test func unknownNameHasAHint() {
    #expect {
      try Target.named("x86-64-v33")
    } throws: { error in
      let failure = error as? Failure
      return failure?.kind == .usage
        && failure?.diagnostics.first?.notes.first == "did you mean 'x86-64-v3'?"
    }
  }
}

@Suite struct HostTarget {
  static let v2 = "ssse3 sse4_1 sse4_2 cx16 popcnt"
  static let v3 = v2 + " avx avx2 bmi1 bmi2 f16c fma movbe"
  static let v4 = v3 + " avx512f avx512bw avx512cd avx512dq avx512vl"

  @Test(arguments: [
    ("x86_64", "", "c99"), ("x86_64", v2, "x86-64"), ("x86_64", v3, "x86-64-v3"),
    ("x86_64", v3 + " avx512f", "x86-64-v3"), ("x86_64", v4, "x86-64-v4"),
    ("aarch64", "fp asimd", "aarch64"), ("arm64", "asimddp", "aarch64-dotprod"),
    ("aarch64", "asimddp i8mm", "aarch64-i8mm"), ("riscv64", v4, "c99"), ("", "", "c99"),
  ])
  func isTheBestThatRuns(_ architecture: String, flags: String, like: String) throws {
    let text = "processor\t: 0\nflags\t\t: \(flags)\n\nflags : other\n"
    let host = Target.host(cpuFlags: Target.cpuFlags(procCPUInfo: text), architecture: architecture)
    var expected = try Target.named(like)
    expected.name = "host"
    expected.summary = "this machine, with what \(like) has"
    expected.compiler = ["cc", "-march=native"]
    expected.optimization = ["-O3"]
    #expect(host == expected)
    #expect(try Target.named("host", host: host) == host)
  }

  @Test func knowsDotProducts() {
    let flags = (Self.v4 + " avx512_vnni").split(separator: " ").map(String.init)
    #expect(Target.host(cpuFlags: flags, architecture: "x86_64").features.contains(.avx512VNNI))
    #expect(Target.cpuFlags(procCPUInfo: "Features\t: fp asimddp\n") == ["fp", "asimddp"])
  }
}

@Suite struct OwnTargets {
  @Test func overridesFields() throws {
    let json = try JSONValue.parse(
      """
      {"base": "m4", "name": "board-1", "ram-bytes": 65536, "l1-bytes": null, "float-unit": "none",
       "features": ["dsp"], "compiler": ["mycc", "-x"], "optimization": ["-Os"], "requantize": "fixed-point"}
      """)
    var expected = try Target.named("m4")
    expected.name = "board-1"
    expected.ramBytes = 65536
    expected.floatUnit = .none
    expected.features = [.dsp]
    expected.compiler = ["mycc", "-x"]
    expected.optimization = ["-Os"]
    expected.requantize = .fixedPoint
    #expect(try Target(json: json) == expected)
    #expect(expected.compileCommand == ["mycc", "-x", "-std=c99", "-Os"])
  }

  @Test(arguments: [
    ("[]", "a target is a JSON object"), ("{}", "a target needs \"base\""),
    (#"{"base": 4}"#, "a target needs \"base\""), (#"{"base": "m5"}"#, "there is no target 'm5'"),
    (#"{"base": "m4", "ram-byte": 1}"#, "'ram-byte' is no field"),
    (#"{"base": "m4", "ram-bytes": -1}"#, "'ram-bytes' takes integer"),
    (#"{"base": "m4", "ram-bytes": 1e30}"#, "'ram-bytes' takes integer"),
    (#"{"base": "m4", "name": null}"#, "'name' takes string"),
    (#"{"base": "m4", "features": ["dps"]}"#, "'features' takes array of"),
    (#"{"base": "m4", "compiler": []}"#, "compiler names no compiler"),
    (#"{"base": "m4", "compiler": ["gcc", 1]}"#, "'compiler' takes array of strings"),
    (#"{"base": "m4", "optimization": "-O2"}"#, "'optimization' takes array of strings"),
    (#"{"base": "m4", "name": "../m4"}"#, "the name '../m4' is not"),
    (#"{"base": "m4", "pointer-bits": 48}"#, "pointer-bits is 16, 32 or 64"),
    (#"{"base": "m4", "vector-bits": 128}"#, "vector-bits is 128, but the features promise"),
    (#"{"base": "x86-64", "vector-bits": 256}"#, "vector-bits is 256, but the features promise"),
    (#"{"base": "x86-64", "vector-bits": 96}"#, "vector-bits is 0 or a power of two"),
    (#"{"base": "x86-64", "code-style": "c99"}"#, "code-style c99 has no vectors"),
    (#"{"base": "x86-64", "vector-registers": 0}"#, "there are vectors but no"),
    (#"{"base": "m4", "integer-registers": 0}"#, "integer-registers must be"),
  ])
  func refuses(_ text: String, because reason: String) throws {
    let json = try JSONValue.parse(text)
    #expect {
      try Target(json: json, file: "my.json")
    } throws: { error in
      let first = (error as? Failure)?.diagnostics.first
      return first?.message.hasPrefix(reason) == true && first?.origin.file == "my.json"
    }
  }

  @Test func hintsAtTheField() throws {
    let json: JSONValue = ["base": "m4", "ram-byte": 1, "flash-bites": 2]
    #expect {
      try Target(json: json)
    } throws: { error in
      let notes = (error as? Failure)?.diagnostics.compactMap(\.notes.first)
      return notes == ["did you mean 'ram-bytes'?", "did you mean 'flash-bytes'?"]
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

// Caches and memories are those of a common device, or nil where the chip's maker decides.
extension Target {
  /// What makes GCC count the registers of a loop before it moves invariants out of it.
  private static let loopPressure = "-fira-loop-pressure"

  /// The targets with a name, in the order of the documentation. `host` is here what is known of
  /// the machine without asking it; `host(cpuFlags:architecture:)` makes a better one.
  public static let standard = [
    m0plus, microbit, m4, m7, m55, rv32imac, rv64gc, rv64gcv, aarch64, aarch64Dotprod,
    aarch64I8MM, armv7a, x86v2, x86v3, x86v4, c99, host(cpuFlags: [], architecture: ""),
  ]

  private static let arm = ["arm-none-eabi-gcc", "-mthumb"]

  static let m0plus = Target(
    name: "m0plus", summary: "Cortex-M0+: no FPU, no unaligned access", integerRegisters: 8,
    compiler: arm + ["-mcpu=cortex-m0plus"])

  static let microbit = m0plus.with {
    $0.name = "microbit"
    $0.summary = "Cortex-M0+ code with the memories of a micro:bit, 256 KiB flash and 16 KiB RAM"
    $0.flashBytes = 256 * 1024
    $0.ramBytes = 16 * 1024
  }

  static let m4 = Target(
    name: "m4", summary: "Cortex-M4F: single-precision FPU, DSP extension", integerRegisters: 13,
    compiler: arm + ["-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"]
  ).with {
    $0.features = [.dsp, .fma]
    $0.floatUnit = .single
    $0.floatRegisters = 32
    $0.allowsUnaligned = true
    $0.requantize = .floatScale
    $0.optimization = ["-O3", loopPressure]
  }

  static let m7 = m4.with {
    $0.name = "m7"
    $0.summary = "Cortex-M7F: double-precision FPU, DSP extension, caches"
    $0.floatUnit = .double
    $0.l1Bytes = 16 * 1024
    $0.compiler = arm + ["-mcpu=cortex-m7", "-mfpu=fpv5-d16", "-mfloat-abi=hard"]
  }

  // GCC 12 makes Helium instructions of loads, stores, sums and products on vector types (vldrw,
  // vadd.f32, vmul.f32); float comparisons and conversions come out as correct scalar code.
  static let m55 = m4.with {
    $0.name = "m55"
    $0.summary = "Cortex-M55: Helium with integer and float vectors of 128 bits"
    $0.features = [.dsp, .fma, .mve, .mveFloat]
    $0.vectors(bits: 128, registers: 8)
    $0.floatUnit = .double
    $0.compiler = arm + ["-mcpu=cortex-m55", "-mfloat-abi=hard"]
    $0.optimization = ["-O2", loopPressure]
  }

  static let rv32imac = Target(
    name: "rv32imac", summary: "RISC-V, 32 bits, no FPU", integerRegisters: 27,
    compiler: [
      "riscv64-unknown-elf-gcc", "--specs=picolibc.specs", "-march=rv32imac", "-mabi=ilp32",
      "-mcmodel=medany",
    ]
  ).with {
    $0.optimization = ["-O1"]
  }

  static let rv64gc = Target(
    name: "rv64gc", summary: "RISC-V, 64 bits, FPU", integerRegisters: 27,
    compiler: ["riscv64-linux-gnu-gcc"]
  ).with {
    $0.features = [.fma]
    $0.pointerBits = 64
    $0.floatUnit = .double
    $0.floatRegisters = 32
    $0.requantize = .floatScale
    $0.l1Bytes = 32 * 1024
    $0.l2Bytes = 256 * 1024
    $0.optimization = ["-O1"]
  }

  // Compiled by clang: GCC 12 has no RISC-V vectors.
  static let rv64gcv = rv64gc.with {
    $0.name = "rv64gcv"
    $0.summary = "RISC-V, 64 bits, vector registers of at least 128 bits"
    $0.features = [.fma, .rvv]
    $0.vectors(bits: 128, registers: 32)
    $0.compiler = ["clang", "--target=riscv64-linux-gnu", "-march=rv64gcv", "-mabi=lp64d"]
    $0.optimization = ["-O3"]
  }

  static let aarch64 = Target(
    name: "aarch64", summary: "AArch64 with NEON", integerRegisters: 28,
    compiler: ["aarch64-linux-gnu-gcc", "-march=armv8-a"]
  ).with {
    $0.features = [.fma, .popcount, .neon]
    $0.vectors(bits: 128, registers: 32)
    $0.application(l1: 32, l2: 512)
    // What is unrolled stands in the C already.
    $0.optimization = ["-Os"]
  }

  static let aarch64Dotprod = aarch64.with {
    $0.name = "aarch64-dotprod"
    $0.summary = "AArch64 with NEON and SDOT"
    $0.features.insert(.dotprod)
    $0.application(l1: 64, l2: 512)
    $0.compiler = ["aarch64-linux-gnu-gcc", "-march=armv8.2-a+dotprod"]
  }

  static let aarch64I8MM = aarch64Dotprod.with {
    $0.name = "aarch64-i8mm"
    $0.summary = "AArch64 with NEON, SDOT and SMMLA"
    $0.features.insert(.i8mm)
    $0.application(l1: 64, l2: 1024)
    $0.compiler = ["aarch64-linux-gnu-gcc", "-march=armv8.6-a+i8mm"]
  }

  // Its NEON flushes denormals, so compilers make scalar code of float vectors; integers are fine.
  static let armv7a = Target(
    name: "armv7a", summary: "ARMv7-A, 32 bits, NEON for integers", integerRegisters: 13,
    compiler: ["arm-linux-gnueabihf-gcc", "-march=armv7-a+neon-vfpv4"]
  ).with {
    $0.features = [.dsp, .fma, .popcount, .neon]
    $0.vectors(bits: 128, registers: 16)
    $0.floatVectorBits = 0
    $0.application(l1: 32, l2: 256)
    $0.pointerBits = 32
    $0.optimization = ["-O3", loopPressure]
  }

  static let x86v2 = Target(
    name: "x86-64", summary: "x86-64 with SSE 4.2 (x86-64-v2)", integerRegisters: 15,
    compiler: ["gcc", "-march=x86-64-v2"]
  ).with {
    $0.features = [.popcount, .sse42]
    $0.vectors(bits: 128, registers: 16)
    $0.application(l1: 32, l2: 256)
    $0.floatRegisters = 16
    $0.optimization = ["-O2"]
  }

  static let x86v3 = x86v2.with {
    $0.name = "x86-64-v3"
    $0.summary = "x86-64 with AVX2 and FMA"
    $0.features.formUnion([.fma, .avx2])
    $0.vectors(bits: 256, registers: 16)
    $0.application(l1: 32, l2: 512)
    $0.floatRegisters = 16
    $0.compiler = ["gcc", "-march=x86-64-v3"]
    $0.optimization = ["-O3"]
  }

  static let x86v4 = x86v3.with {
    $0.name = "x86-64-v4"
    $0.summary = "x86-64 with AVX-512"
    $0.features.insert(.avx512)
    $0.vectors(bits: 512, registers: 32)
    $0.application(l1: 32, l2: 1024)
    $0.compiler = ["gcc", "-march=x86-64-v4"]
  }

  static let c99 = Target(
    name: "c99", summary: "portable C99, scalar, for any machine with an FPU", integerRegisters: 13,
    compiler: ["cc"]
  ).with {
    $0.pointerBits = 64
    $0.floatUnit = .double
    $0.floatRegisters = 16
  }

  /// A copy with changes.
  func with(_ change: (inout Target) -> Void) -> Target {
    var copy = self
    change(&copy)
    return copy
  }

  /// Enters vectors of one width for integers and floats.
  private mutating func vectors(bits: Int, registers: Int) {
    vectorBits = bits
    floatVectorBits = bits
    vectorRegisters = registers
    codeStyle = .vectors
  }

  /// Enters what processors of phones and computers have in common; caches in KiB.
  private mutating func application(l1: Int, l2: Int) {
    pointerBits = 64
    floatUnit = .double
    floatRegisters = 32
    allowsUnaligned = true
    requantize = .floatScale
    l1Bytes = l1 * 1024
    l2Bytes = l2 * 1024
  }
}

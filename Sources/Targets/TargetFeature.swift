// SPDX-License-Identifier: Apache-2.0

extension Target {
  /// A part of an instruction set that code can be written for.
  public enum Feature: String, Sendable, CaseIterable {
    case fma
    case popcount
    case dsp
    case mve
    case mveFloat = "mve-float"
    case neon
    case dotprod
    case i8mm
    case sse42
    case avx2
    case avx512
    case avxVNNI = "avx-vnni"
    case avx512VNNI = "avx512-vnni"
    case rvv

    /// What it offers, for the documentation.
    public var summary: String {
      switch self {
      case .fma: "fused multiply-add of floats"
      case .popcount: "the set bits of a register counted in one instruction"
      case .dsp: "two products of 16-bit halves added to a sum (SMLAD), unpacking (SXTB16)"
      case .mve: "integer vectors of 128 bits (Helium)"
      case .mveFloat: "float vectors of 128 bits (Helium)"
      case .neon: "vectors of 128 bits (Advanced SIMD)"
      case .dotprod: "four int8 products added to each 32-bit lane (SDOT, UDOT)"
      case .i8mm: "2x8 times 8x2 int8 matrices (SMMLA), mixed signs (USDOT)"
      case .sse42: "vectors of 128 bits (SSE 4.2)"
      case .avx2: "integer and float vectors of 256 bits"
      case .avx512: "vectors of 512 bits with masks (AVX-512 F, BW, CD, DQ, VL)"
      case .avxVNNI: "four u8 by s8 products added to each 32-bit lane, 256 bits (VPDPBUSD)"
      case .avx512VNNI: "the same for 512 bits"
      case .rvv: "vectors of at least 128 bits (RISC-V V 1.0)"
      }
    }

    /// The widest vectors that its presence promises; 0 if it says nothing about them.
    var vectorBits: Int {
      switch self {
      case .mve, .mveFloat, .neon, .sse42, .rvv: 128
      case .avx2: 256
      case .avx512: 512
      case .fma, .popcount, .dsp, .dotprod, .i8mm, .avxVNNI, .avx512VNNI: 0
      }
    }
  }

  /// The widest vectors of the instruction set; code must not ask for wider ones.
  public var widestVectorBits: Int { features.reduce(0) { max($0, $1.vectorBits) } }
}

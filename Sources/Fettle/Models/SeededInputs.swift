// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Inputs made up from a seed, the same on every machine.
enum SeededInputs {
  /// A tensor for each input port: floats normally distributed with deviation `scale`, integers small; with
  /// a scale above 1 those of up to 16 bits from all over their range, with 0 zeros.
  ///
  /// - Throws: if an input is larger than this machine's memory.
  static func tensors(
    for graph: Graph, seed: UInt64, scale: Double = 1
  ) throws(Failure) -> [Tensor] {
    var generator = SplitMix64(seed: seed)
    var tensors: [Tensor] = []
    for port in graph.inputs {
      let type = graph.type(of: port.value)
      let count = type.shape.elementCount
      // Once as numbers, once as elements.
      let bytes = (Checked(count) * 16).value ?? .max
      try Platform.requireMemory(bytes, for: "input '\(port.name)' \(type)")
      let values = (0..<count).map { _ in number(type.element, scale, &generator) }
      tensors.append(Tensor(type, rounding: values))
    }
    return tensors
  }

  private static func number(
    _ element: ElementType, _ scale: Double, _ generator: inout SplitMix64
  ) -> Double {
    if scale == 0, element.kind != .sign { return 0 }
    if scale > 1, element.isInteger, element.bitCount <= 16, let range = element.integerRange {
      return Double(range.lowerBound) + Double(generator.next() >> UInt64(64 - element.bitCount))
    }
    return switch element.kind {
    case .float: generator.normal() * scale
    case .boolean: Double(generator.next() >> 63)
    case .sign: generator.next() >> 63 == 0 ? -1 : 1
    case .signed: Double(Int64(generator.next() % 15) - 7)
    case .unsigned: Double(generator.next() % 4)
    }
  }
}

/// The SplitMix64 generator (Steele, Lea, Flood 2014).
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// A number from [0, 1).
  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A number with mean 0 and deviation 1: the sum of twelve uniform ones (Irwin-Hall), which needs no library function.
  mutating func normal() -> Double { (0..<12).reduce(-6.0) { sum, _ in sum + unit() } }
}

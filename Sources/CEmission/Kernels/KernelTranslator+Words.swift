// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import LoopIR
import Tensors

extension KernelTranslator {
  /// A few numbers in a register as C: a `uint32_t` in which they lie as they do in memory.
  mutating func word(_ expression: Expression) -> CExpr {
    switch expression {
    case .load(let access, _):
      let pointer = pointer(access)
      let place = index(access.index)
      return .call(library.loadWord(), [moved(pointer, place)])
    case .integer(let value, let type):
      let bits = UInt32(type.element.bitCount)
      let part = UInt32(truncatingIfNeeded: value) & (bits == 16 ? 0xFFFF : 0xFF)
      return .literal(.unsigned(UInt64(part * (bits == 16 ? 0x1_0001 : 0x101_0101))))
    case .primitive(let primitive, let operands):
      let bytes = value(operands[0])
      let (element, isOdd) = (operands[0].type.element, primitive == .addOdd)
      if case .integer(0, _) = operands[1] {
        return .call(library.wordHalf(element, isOdd: isOdd, isSum: false), [bytes])
      }
      let sum = value(operands[1])
      return .call(library.wordHalf(element, isOdd: isOdd, isSum: true), [bytes, sum])
    case .local(let local): return name(of: local)
    default: unreachable("no other expression is a word")
    }
  }
}

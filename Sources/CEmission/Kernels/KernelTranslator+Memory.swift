// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors

extension KernelTranslator {
  /// Elements read from memory. A vector of `bool` comes as a mask of bytes.
  mutating func load(_ access: Access, _ lanes: Int) -> CExpr {
    let pointer = pointer(access)
    let place = index(access.index)
    if lanes == 1 {
      if let function = library.load(access.element) { return .call(function, [pointer, place]) }
      return .subscripted(pointer, [place])
    }
    if let function = library.load(access.element, lanes) {
      return .call(function, [pointer, place])
    }
    let type = CType.constPointer(.named(library.unalignedVector(access.element, lanes)))
    return .unary(.dereference, .cast(type, moved(pointer, place)))
  }

  /// A statement that writes the lanes of a value.
  mutating func store(_ access: Access, _ value: Expression) -> CStmt {
    let lanes = value.type.lanes
    if usesWords, lanes > 1 {
      let value = word(value)
      let pointer = moved(pointer(access), index(access.index))
      return .evaluate(.call(library.storeWord(), [pointer, value]))
    }
    let isMask = lanes > 1 && value.type.element == .bool
    let stored = isMask ? mask(value, bits: 8) : self.value(value)
    let pointer = pointer(access)
    let place = index(access.index)
    if lanes == 1 {
      if let function = library.store(access.element) {
        return .evaluate(.call(function, [pointer, place, stored]))
      }
      // GCC takes what it has found out to be signed for signed, unless it is converted to the very type.
      let isUnsigned = access.element.kind == .unsigned && access.element.bitCount > 8
      let value = isUnsigned ? CExpr.cast(.named(library.accessed(access.element)), stored) : stored
      return .assign(.subscripted(pointer, [place]), value)
    }
    if let function = library.store(access.element, lanes) {
      return .evaluate(.call(function, [pointer, place, stored]))
    }
    let type = CType.pointer(.named(library.unalignedVector(access.element, lanes)))
    return .assign(.unary(.dereference, .cast(type, moved(pointer, place))), stored)
  }

  func moved(_ pointer: CExpr, _ place: CExpr) -> CExpr {
    place == .integer(0) ? pointer : pointer + place
  }
}

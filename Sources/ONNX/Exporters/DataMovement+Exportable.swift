// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

extension Reshape: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
    let input = try op.type(0).shape
    if shape.contains(0) || input.elementCount == 0 {
      // A 0 is an extent here, so that nothing may be copied.
      op.finish(
        "Reshape", [op.operand(0), try op.ints(op.resultTypes[0].shape.extents)],
        [AttributeProto("allowzero", true)])
      return
    }
    op.finish(
      "Reshape", [op.operand(0), try op.ints(shape.map { $0 == Self.copied ? 0 : $0 })])
  }
}

extension Transpose: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
    op.finish("Transpose", op.operands, [AttributeProto("perm", ints: permutation)])
  }
}

extension Slice: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
    let steps = steps.isEmpty ? sizes.map { _ in 1 } : steps
    var ends: [Int] = []
    for axis in sizes.indices {
      let last = starts[axis] + (sizes[axis] - 1) * steps[axis]
      if sizes[axis] == 0 {
        ends.append(0)
      } else if steps[axis] > 0 {
        ends.append(last + 1)
      } else {
        // In front of position 0 there is no number but one far below.
        ends.append(last == 0 ? Int(Int32.min) : last - 1)
      }
    }
    let first = sizes.indices.map { sizes[$0] == 0 ? 0 : starts[$0] }
    op.finish(
      "Slice",
      [
        op.operand(0), try op.ints(first), try op.ints(ends), try op.ints(Array(sizes.indices)),
        try op.ints(zip(sizes, steps).map { $0 <= 1 ? 1 : $1 }),
      ])
  }
}

extension Pad: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
    let value = op.operand(1)
    var scalar = value
    if !value.isEmpty, try op.type(1).shape.rank > 0 {
      scalar = op.add("Reshape", [value, try op.ints([])])
    }
    op.finish(
      "Pad", [op.operand(0), try op.ints(before + after), scalar],
      [AttributeProto("mode", text: mode.rawValue)])
  }
}

extension Concat: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
    op.finish("Concat", op.operands, [AttributeProto("axis", axis)])
  }
}

extension Gather: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
    let isNarrow = try op.type(1).element.bitCount < 32
    let indices = isNarrow ? try op.cast(op.operand(1), to: .i32) : op.operand(1)
    op.finish("Gather", [op.operand(0), indices], [AttributeProto("axis", axis)])
  }
}

extension Broadcast: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
    op.finish("Expand", [op.operand(0), try op.ints(shape)])
  }
}

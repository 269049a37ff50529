// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Pad; a negative padding cuts.
enum PadFamily: OperatorFamily {
  static let importers = [
    OperatorImporter("Pad", "a padding known when the model is read", read: pad)
  ]

  @Sendable static func pad(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    let rank = node.rank(x)
    let mode = try node.word("mode", default: PadMode.constant)
    let isOld = node.opset < 11
    guard let pads = isOld ? try node.ints("pads") : try node.constantInts(1, "pads") else {
      throw node.failure("pads are missing")
    }
    var axes = Array(0..<rank)
    if node.opset >= 18, let given = try node.constantInts(3, "axes") {
      axes = try node.axes(given, rank: rank)
    }
    guard pads.count == 2 * axes.count else {
      throw node.failure("pads \(pads.text) for \(axes.count) axes")
    }
    var before = Array(repeating: 0, count: rank)
    var after = before
    for (i, axis) in axes.enumerated() {
      before[axis] = pads[i]
      after[axis] = pads[axes.count + i]
    }
    var value: ValueID?
    if mode == .constant {
      if isOld {
        let number = try node.float("value", default: 0)
        if number != 0 { value = node.scalar(Double(number), like: x) }
      } else if let given = node.optional(2) {
        guard node.type(given).shape.elementCount == 1 else {
          throw node.failure("the value is \(node.type(given)), expected a scalar")
        }
        value = try node.reshape(given, [])
      }
    } else {
      node.ignore("value")
    }
    guard (before + after).allSatisfy({ $0 > -(1 << 40) && $0 < 1 << 40 }) else {
      throw node.failure("pads \(pads.text) are out of range")
    }
    return [try node.pad(x, before: before, after: after, mode: mode, value: value)]
  }
}

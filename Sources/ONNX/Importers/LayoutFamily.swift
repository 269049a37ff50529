// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Operators that order elements anew or join tensors.
enum LayoutFamily: OperatorFamily {
  static let importers = [
    OperatorImporter("Transpose", read: transpose),
    OperatorImporter("Concat", read: concat),
    OperatorImporter("DepthToSpace", read: depthToSpace),
    OperatorImporter("SpaceToDepth", read: spaceToDepth),
  ]

  @Sendable static func transpose(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    let rank = node.rank(x)
    let given = try node.ints("perm") ?? Array((0..<rank).reversed())
    guard given.count == rank, given.allSatisfy({ (0..<rank).contains($0) }) else {
      throw node.failure("perm \(given.text) for \(node.type(x))")
    }
    return [try node.transpose(x, try node.axes(given, rank: rank))]
  }

  @Sendable static func concat(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    var inputs: [ValueID] = []
    for index in 0..<node.operandCount { inputs.append(try node.input(index)) }
    guard let first = inputs.first else { throw node.failure("there are no operands") }
    guard let number = try node.int("axis") else { throw node.failure("axis is missing") }
    let axis = try node.axis(number, rank: node.rank(first))
    if inputs.count == 1 { return [first] }
    return [try node.insert(Concat(axis: axis), all: inputs)]
  }

  @Sendable static func depthToSpace(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let (x, extents, block) = try blocks(node)
    guard extents[1] % (block * block) == 0 else {
      throw node.failure("blocks of \(block)×\(block) do not divide \(extents[1]) channels")
    }
    let channels = extents[1] / (block * block)
    let (n, h, w) = (extents[0], extents[2], extents[3])
    let result = [n, channels, h * block, w * block]
    switch try node.string("mode", default: "DCR") {
    case "DCR":
      let split = try node.reshape(x, [n, block, block, channels, h, w])
      return [try node.reshape(try node.transpose(split, [0, 3, 4, 1, 5, 2]), result)]
    case "CRD":
      let split = try node.reshape(x, [n, channels, block, block, h, w])
      return [try node.reshape(try node.transpose(split, [0, 1, 4, 2, 5, 3]), result)]
    case let other: throw node.failure("mode is '\(other)', expected DCR or CRD")
    }
  }

  @Sendable static func spaceToDepth(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let (x, extents, block) = try blocks(node)
    guard extents[2] % block == 0, extents[3] % block == 0 else {
      throw node.failure("blocks of \(block) do not divide \(node.type(x))")
    }
    let (n, c, h, w) = (extents[0], extents[1], extents[2] / block, extents[3] / block)
    let split = try node.reshape(x, [n, c, h, block, w, block])
    let order: [Int]
    switch try node.string("mode", default: "DCR") {
    case "DCR": order = [0, 3, 5, 1, 2, 4]
    case "CRD": order = [0, 1, 3, 5, 2, 4]
    case let other: throw node.failure("mode is '\(other)', expected DCR or CRD")
    }
    guard let channels = (Checked(c) * Checked(block) * Checked(block)).value else {
      throw node.failure("blocksize is out of range")
    }
    return [try node.reshape(try node.transpose(split, order), [n, channels, h, w])]
  }

  private static func blocks(
    _ node: NodeContext
  ) throws(Failure) -> (ValueID, [Int], Int) {
    let x = try node.input(0)
    guard node.rank(x) == 4 else { throw node.failure("the input is \(node.type(x))") }
    guard let block = try node.int("blocksize"), block > 0, block < 1 << 20 else {
      throw node.failure("blocksize is missing or out of range")
    }
    return (x, node.extents(x), block)
  }
}

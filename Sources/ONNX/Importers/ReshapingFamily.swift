// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Operators that give the elements another shape.
enum ReshapingFamily: OperatorFamily {
  static let importers = [
    OperatorImporter("Reshape", "a shape known when the model is read", read: reshape),
    OperatorImporter("Flatten", read: flatten),
    OperatorImporter("Squeeze", read: squeeze),
    OperatorImporter("Unsqueeze", read: unsqueeze),
    OperatorImporter("Expand", since: 8, "a shape known when the model is read", read: expand),
    OperatorImporter("Tile", "repeats known when the model is read", read: tile),
  ]

  @Sendable static func reshape(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    let allowsZero = try node.flag("allowzero")
    guard let wanted = try node.constantInts(1, "the shape") else {
      throw node.failure("the shape is missing")
    }
    guard wanted.filter({ $0 == -1 }).count <= 1, wanted.allSatisfy({ $0 >= -1 }) else {
      throw node.failure("the shape \(wanted.text) is wrong")
    }
    let entries = wanted.map { $0 == 0 && !allowsZero ? Reshape.copied : $0 }
    return [try node.reshape(x, entries)]
  }

  @Sendable static func flatten(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    let extents = node.extents(x)
    var axis = try node.int("axis", default: 1)
    if axis != extents.count { axis = try node.axis(axis, rank: extents.count) }
    guard let rows = Checked.product(extents[..<axis]).value,
      let columns = Checked.product(extents[axis...]).value
    else { throw node.failure("\(node.type(x)) has too many elements") }
    if extents == [rows, columns] { return [x] }
    // Copied and inferred entries let the batch change later; they need elements to infer from.
    if axis == 1, rows > 0 {
      return [try node.insert(Reshape(to: [Reshape.copied, Reshape.inferred]), x)]
    }
    return [try node.reshape(x, [rows, columns])]
  }

  private static func axes(_ node: NodeContext) throws(Failure) -> [Int]? {
    node.opset >= 13 ? try node.constantInts(1, "axes") : try node.ints("axes")
  }

  @Sendable static func squeeze(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    let extents = node.extents(x)
    let given = try axes(node)
    let dropped: [Int]
    if let given {
      dropped = try node.axes(given, rank: extents.count)
    } else {
      dropped = extents.indices.filter { extents[$0] == 1 }
    }
    if let wrong = dropped.first(where: { extents[$0] != 1 }) {
      throw node.failure("axis \(wrong) of \(extents.text) does not have extent 1")
    }
    return [try node.reshape(x, extents.indices.filter { !dropped.contains($0) }.map { extents[$0] })]
  }

  @Sendable static func unsqueeze(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    guard let given = try axes(node) else { throw node.failure("axes are missing") }
    let rank = node.rank(x) + given.count
    let added = try node.axes(given, rank: rank)
    var rest = node.extents(x)[...]
    var extents: [Int] = []
    for axis in 0..<rank {
      if added.contains(axis) {
        extents.append(1)
      } else if let extent = rest.popFirst() {
        extents.append(extent)
      }
    }
    return [try node.reshape(x, extents)]
  }

  @Sendable static func expand(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    guard let wanted = try node.constantInts(1, "the shape") else {
      throw node.failure("the shape is missing")
    }
    let shape = try node.shape(wanted)
    guard let result = Shape.broadcast(node.type(x).shape, shape) else {
      throw node.failure("\(node.type(x)) does not broadcast to \(shape)")
    }
    return [try node.broadcast(x, result.extents)]
  }

  /// Repeats by an axis of extent 1 in front of each axis, broadcast.
  @Sendable static func tile(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    let extents = node.extents(x)
    guard let repeats = try node.constantInts(1, "repeats") else {
      throw node.failure("repeats are missing")
    }
    guard repeats.count == extents.count, repeats.allSatisfy({ $0 >= 0 && $0 < 1 << 40 }) else {
      throw node.failure("repeats \(repeats.text) for \(node.type(x))")
    }
    if repeats.allSatisfy({ $0 == 1 }) { return [x] }
    var single: [Int] = []
    var several: [Int] = []
    var result: [Int] = []
    for (times, extent) in zip(repeats, extents) {
      if times != 1 {
        single.append(1)
        several.append(times)
      }
      single.append(extent)
      several.append(extent)
      guard let total = (Checked(times) * Checked(extent)).value else {
        throw node.failure("repeats \(repeats.text) for \(node.type(x))")
      }
      result.append(total)
    }
    _ = try node.shape(result)
    let copies = try node.broadcast(try node.reshape(x, single), several)
    return [try node.reshape(copies, result)]
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// MaxPool, AveragePool and the global ones.
enum PoolFamily: OperatorFamily {
  static let importers = [
    OperatorImporter("MaxPool", read: maxPool),
    OperatorImporter("AveragePool", read: averagePool),
    OperatorImporter("GlobalMaxPool") { (node) throws(Failure) in try global(.max, node) },
    OperatorImporter("GlobalAveragePool") { (node) throws(Failure) in try global(.mean, node) },
  ]

  @Sendable static func maxPool(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    var (pool, x, cutsInput) = try geometry(node, try node.input(0))
    pool.kind = .max
    let storageOrder = try node.int("storage_order", default: 0)
    guard (0...1).contains(storageOrder) else {
      throw node.failure("storage_order is \(storageOrder), expected 0 or 1")
    }
    let result = try node.insert(pool, x)
    guard node.wantsResult(1) else { return [result] }
    guard !cutsInput else { throw node.unsupported("Indices with negative pads") }
    var indices = MaxPoolIndices()
    indices.pool = pool
    indices.columnMajor = storageOrder == 1
    return [result, try node.insert(indices, x)]
  }

  @Sendable static func averagePool(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    [try average(node, of: try node.input(0))]
  }

  /// The mean that the node's attributes describe, of a value.
  static func average(_ node: NodeContext, of input: ValueID) throws(Failure) -> ValueID {
    var (pool, x, _) = try geometry(node, input)
    pool.kind = .average
    pool.countPadding = try node.flag("count_include_pad")
    return try node.insert(pool, x)
  }

  private static func geometry(
    _ node: NodeContext, _ input: ValueID
  ) throws(Failure) -> (Pool, ValueID, cutsInput: Bool) {
    guard let kernel = try node.ints("kernel_shape") else {
      throw node.failure("kernel_shape is missing")
    }
    var window = try WindowAttributes(
      node, kernel: kernel, spatial: Array(node.extents(input).dropFirst(2)))
    let x = try window.cut(input, node)
    var pool = Pool()
    window.apply(to: &pool)
    // Same padding leaves nothing over that a ceiling could count.
    pool.ceil = try node.flag("ceil_mode") && !window.automatic.isSame
    return (pool, x, x != input)
  }

  private static func global(
    _ kind: ReduceKind, _ node: NodeContext
  ) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    guard node.rank(x) >= 2 else { throw node.failure("the input is \(node.type(x))") }
    return [try node.reduce(kind, x, axes: Array(2..<node.rank(x)))]
  }
}

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

  /// The mean that the node's attributes describe, of a value. Where padding counts, `overhang`
  /// says whether what a last window covers beyond it does.
  static func average(
    _ node: NodeContext, of input: ValueID, overhang: Bool = false
  ) throws(Failure) -> ValueID {
    var (pool, x, _) = try geometry(node, input)
    pool.kind = .average
    pool.countPadding = try node.flag("count_include_pad")
    if overhang, pool.countPadding, pool.ceil { try padToLastWindow(&pool, node.type(x), node) }
    return try node.insert(pool, x)
  }

  /// Makes the ceiling padding behind the input, up to the end of the last window.
  private static func padToLastWindow(
    _ pool: inout Pool, _ input: TensorType, _ node: NodeContext
  ) throws(Failure) {
    do throws(TypeMismatch) {
      let rank = pool.window.count
      let window = try pool.geometry(spatialRank: rank)
      let after = try (0..<rank).map { (axis) throws(TypeMismatch) in
        let extent = input.shape[axis + 2]
        let last = try window.outputExtent(extent, axis: axis, ceiling: true) - 1
        let end = last * window.strides[axis] + window.span(axis)
        return max(end - extent - window.before[axis], 0)
      }
      pool.padding = WindowAttributes.trimmed(window.before + after, neutral: 0)
      pool.ceil = false
    } catch {
      throw node.failure(error.description)
    }
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

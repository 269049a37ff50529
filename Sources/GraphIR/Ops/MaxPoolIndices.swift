// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// The positions that win in a max pool, as indices in the flattened input tensor; of equals the first wins.
public struct MaxPoolIndices: OpDefinition {
  public enum Operand: Int, OperandName { case input }
  public static let name = "max_pool_indices"
  public static let summary = "the flat index (i64) of each window's maximum; input [N,C,spatial…]"
  public static let fields: [Field<Self>] = [
    Field("window", \.pool.window, "its extents"),
    Field("strides", \.pool.strides, "one for each spatial axis; empty: 1"),
    Field("padding", \.pool.padding, "positions before each spatial axis, then after each; empty: 0"),
    Field("dilations", \.pool.dilations, "one for each spatial axis; empty: 1"),
    Field("ceil", \.pool.ceil, "whether a last window may hang over the end"),
    Field("column_major", \.columnMajor, "whether indices count with the first spatial axis fastest"),
  ]
  /// The geometry.
  public var pool = Pool()
  public var columnMajor = false

  public init() {}

  public func resultTypes(
    of operands: OperandTypes<Self>
  ) throws(TypeMismatch) -> [TensorType] {
    [TensorType(.i64, try pool.pooledShape(try operands.require(.input)))]
  }
}

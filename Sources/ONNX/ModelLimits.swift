// SPDX-License-Identifier: Apache-2.0
import Tensors

/// What a model may come to. A small file can describe more than any machine computes: by functions that call each other, by
/// nesting, by extents. Each limit is checked before the work that it bounds.
public enum ModelLimits {
  /// Nodes, all functions written out and all branches counted.
  public static let nodes = 2_000_000
  /// How deep functions and branches may be nested in each other, and messages in the file.
  public static let nesting = 100
  /// Entries of one list of the file: nodes of a graph, tensors, attributes, names.
  public static let entries = 4_000_000
  /// Elements of a tensor.
  public static let elements = Shape.elementLimit
  /// Elements of a tensor that a node makes of nothing (Range, EyeLike).
  public static let madeElements = 1 << 24
}

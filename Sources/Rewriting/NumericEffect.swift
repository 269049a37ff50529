// SPDX-License-Identifier: Apache-2.0

/// How far a pass may move the outputs of a graph.
public enum NumericEffect: String, CaseIterable, Sendable {
  /// Not at all: every number of every output stays, as long as no NaN or
  /// infinity arises.
  case exact
  /// As far as another order of the same sums and products does.
  case reassociates
  /// The outputs are approximated.
  case lossy
}

// SPDX-License-Identifier: Apache-2.0
import GraphIR

extension Graph {
  /// The names by which options mean an op: those of its layers, or if it has none that of its
  /// result.
  func optionNames(of op: OpID) -> [String] {
    let layers = location(of: op).layers
    guard layers.isEmpty else { return layers }
    let name = name(of: results(of: op)[0])
    return name.isEmpty ? [] : [name]
  }
}

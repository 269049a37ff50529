// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

extension Graph {
  /// One tensor for each input port, from those of the ports of role `input`; states get their
  /// initial value.
  ///
  /// - Throws: `Failure` if there are too few or too many tensors, or the graph has parameters.
  public func portTensors(for sample: [Tensor]) throws(Failure) -> [Tensor] {
    var rest = sample[...]
    var tensors: [Tensor] = []
    for port in inputs {
      switch port.role {
      case .input:
        guard let next = rest.popFirst() else {
          throw Failure("a sample has \(sample.count) tensors, input '\(port.name)' has none left")
        }
        tensors.append(next)
      case .state(let initial): tensors.append(initial)
      case .parameter: throw Failure("parameter '\(port.name)' has no value in a sample")
      }
    }
    guard rest.isEmpty else {
      throw Failure("a sample has \(sample.count) tensors, the model takes \(tensors.count)")
    }
    return tensors
  }
}

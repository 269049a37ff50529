// SPDX-License-Identifier: Apache-2.0
public import LoopIR
import Tensors

/// A tensor that a kernel works on: a parameter of the kernel together with the memory that it stands for.
public struct TensorParameter: Sendable {
  /// The kernel's parameter.
  public let buffer: KernelBuilder.BufferParameter
  /// The tensor that is passed.
  public let view: TensorView
  /// Where the elements lie, from the parameter's pointer on.
  public let layout: BufferLayout

  /// The offset in elements at these coordinates.
  public func at(_ coordinates: [Index]) -> Index { layout.at(coordinates) }
}

extension KernelBuilder {
  /// Adds a tensor that is read. `mayAlias`: it may be the same memory as what is written.
  public mutating func input(
    _ name: String, _ view: TensorView, mayAlias: Bool = false
  ) -> TensorParameter {
    tensor(name, view, isWritten: false, mayAlias: mayAlias)
  }

  /// Adds a tensor that is written.
  public mutating func output(
    _ name: String, _ view: TensorView, mayAlias: Bool = false
  ) -> TensorParameter {
    tensor(name, view, isWritten: true, mayAlias: mayAlias)
  }

  private mutating func tensor(
    _ name: String, _ view: TensorView, isWritten: Bool, mayAlias: Bool
  ) -> TensorParameter {
    let buffer = parameter(
      name, view.layout.type.element, isWritten: isWritten, mayAlias: mayAlias)
    return TensorParameter(buffer: buffer, view: view, layout: view.layout.atOrigin)
  }

  /// `lanes` elements of a tensor from the coordinates on.
  public func load(
    _ tensor: TensorParameter, _ coordinates: [Index], lanes: Int = 1
  ) -> Expression {
    load(tensor.buffer, tensor.at(coordinates), lanes: lanes)
  }

  /// Writes an expression's lanes from the coordinates on.
  public mutating func store(
    _ tensor: TensorParameter, _ coordinates: [Index], _ value: Expression
  ) {
    store(tensor.buffer, tensor.at(coordinates), value)
  }
}

// SPDX-License-Identifier: Apache-2.0
import GraphIR
import LoopIR
import Tensors

/// The zero point of an integer tensor in a kernel: a number known at compile time, or a parameter.
enum ZeroPoint {
  case literal(Int64)
  /// One for all.
  case scalar(TensorParameter)
  /// One for each channel, row or column.
  case vector(TensorParameter)

  /// The zero point in a value; nothing to subtract if there is none.
  init(
    _ value: ValueID?, _ name: String, kernel k: inout KernelBuilder,
    in context: inout LoweringContext
  ) {
    guard let value else {
      self = .literal(0)
      return
    }
    if let number = context.graph.uniformInteger(value) {
      self = .literal(number)
      return
    }
    let parameter = k.input(name, context.view(of: value))
    let isScalar = context.graph.type(of: value).shape.elementCount == 1
    self = isScalar ? .scalar(parameter) : .vector(parameter)
  }

  /// The parameters that it adds.
  var parameters: [TensorParameter] {
    switch self {
    case .literal: []
    case .scalar(let parameter), .vector(let parameter): [parameter]
    }
  }

  /// `value` (already in the accumulator's type) less the zero point of position `index`.
  func subtracted(from value: Expression, at index: Index, _ k: KernelBuilder) -> Expression {
    switch self {
    case .literal(0): return value
    case .literal(let zero): return value - .constant(Double(zero), like: value.type)
    case .scalar(let parameter):
      let coordinates = parameter.layout.type.shape.extents.map { _ in Index(0) }
      return value - k.load(parameter, coordinates).converted(to: value.type.element)
    case .vector(let parameter):
      return value - k.load(parameter, [index]).converted(to: value.type.element)
    }
  }
}

extension Graph {
  /// The one number that a zero point is; 0 if there is none, nil if it varies or is not known.
  func uniformInteger(_ value: ValueID?) -> Int64? {
    guard let value else { return 0 }
    guard let numbers = tensor(value)?.integers(), let first = numbers.first,
      numbers.allSatisfy({ $0 == first })
    else { return nil }
    return first
  }
}

extension Expression {
  /// The sum with a product: fused on floats if the target likes it.
  func adding(_ a: Expression, times b: Expression) -> Expression {
    type.element.isFloat ? .primitive(.multiplyAdd, [a, b, self]) : self + a * b
  }
}

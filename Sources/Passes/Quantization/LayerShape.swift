// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// Where the outputs of a layer lie.
struct LayerShape {
  /// The axis of the weight along which outputs lie, and the axis of the result that they make.
  let weightAxis: Int
  let resultAxis: Int
  let outputs: Int
  /// The products of each sum.
  let depth: Int
  private let plain: any OpDefinition

  /// The shape of a layer that can compute with integers.
  init(_ layer: OpID, _ graph: Graph) throws(Declined) {
    plain = graph.definition(of: layer)
    guard plain is Convolution || plain is MatrixMultiply else {
      throw Declined("\(type(of: plain).name) has no form for integers")
    }
    guard let x = graph.operands(of: layer)[0], let w = graph.operands(of: layer)[1] else {
      throw Declined("an operand is absent")
    }
    let weight = graph.type(of: w).shape
    if let product = plain as? MatrixMultiply {
      let input = graph.type(of: x).shape
      guard weight.rank >= 2, input.rank >= 1 else { throw Declined("the weight is a vector") }
      weightAxis = weight.rank - (product.transposeRHS ? 2 : 1)
      resultAxis = graph.type(of: graph.results(of: layer)[0]).shape.rank - 1
      depth = input[input.rank - (product.transposeLHS ? 2 : 1)]
    } else {
      (weightAxis, resultAxis) = (0, 1)
      depth = weight.extents.dropFirst().reduce(1, *)
    }
    outputs = weight[weightAxis]
  }

  /// The layer with sums of 32 bits or 64.
  func definition(isWide: Bool) -> any OpDefinition {
    switch plain {
    case var convolution as Convolution:
      convolution.isWide = isWide
      return convolution
    case var product as MatrixMultiply:
      product.isWide = isWide
      return product
    default: return plain
    }
  }
}

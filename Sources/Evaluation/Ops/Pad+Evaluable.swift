// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

extension Pad: Evaluable {
  public func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor] {
    let input = try operands.require(.input)
    let strides = input.shape.rowMajorStrides
    let tables = before.indices.map { axis in
      let extent = input.shape[axis]
      return (-before[axis]..<extent + after[axis]).map { position in
        let source = source(of: position, extent: extent)
        return source < 0 ? -1 : source * strides[axis]
      }
    }
    return [rearranged(input, to: resultTypes[0], tables, fill: operands[.value])]
  }

  /// The position of the input that stands at a position from −before on, or −1 for the padding
  /// value.
  private func source(of position: Int, extent: Int) -> Int {
    if position >= 0, position < extent { return position }
    switch mode {
    case .constant: return -1
    case .edge: return position < 0 ? 0 : extent - 1
    case .wrap: return modulo(position, extent)
    case .reflect:
      // The image repeats with the period of a way to the other border and back.
      let period = 2 * (extent - 1)
      guard period > 0 else { return 0 }
      let phase = modulo(position, period)
      return phase < extent ? phase : period - phase
    }
  }

  private func modulo(_ a: Int, _ b: Int) -> Int {
    let remainder = a % b
    return remainder < 0 ? remainder + b : remainder
  }
}

// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors

/// Gives one input another order of dimensions and another element type.
///
///     %x : f32[1,3,32,32]                 →   %x : u8[1,32,32,3]
///     %y = conv %x, …                         %t = transpose %x : u8[1,3,32,32]
///                                             %c = cast %t {to=f32}
///                                             %y = conv %c, …
///
/// An input that is only quantised to that type becomes the quantised tensor itself; its scale and
/// zero point are then the port's.
struct InputRewrite {
  private let position: Int
  private let name: String
  private let type: TensorType
  private let isChannelsLast: Bool
  private let element: ElementType
  /// The quantisations that the port takes the place of, with their scale and zero point.
  private let quantizers: [OpID]
  private let scale: Float
  private let zeroPoint: Int

  init(_ graph: Graph, _ position: Int, channelsLast: Bool, element: ElementType?) {
    let port = graph.inputs[position]
    self.position = position
    name = port.name
    type = graph.type(of: port.value)
    isChannelsLast = channelsLast && type.shape.rank >= 3
    let converted = element != nil && type.element.isFloat ? element : nil
    self.element = converted ?? type.element
    let found = converted.flatMap { Self.quantization(of: port.value, to: $0, in: graph) }
    quantizers = found?.ops ?? []
    scale = found?.scale ?? 1
    zeroPoint = found?.zeroPoint ?? 0
  }

  /// The ops that all quantise a value in one way, if nothing else reads it.
  private static func quantization(
    of value: ValueID, to element: ElementType, in graph: Graph
  ) -> (ops: [OpID], scale: Float, zeroPoint: Int)? {
    var found: (ops: [OpID], scale: Float, zeroPoint: Int)?
    for use in graph.uses(of: value) {
      guard let op = graph.op(use.user, as: Quantize.self), op.to == element,
        let factor = graph.operand(op, .scale).flatMap({ graph.tensor($0) }), factor.count == 1
      else { return nil }
      let zero = graph.operand(op, .zeroPoint)
      let offset = zero.flatMap { graph.tensor($0) }
      if zero != nil, offset?.count != 1 { return nil }
      let scale = Float(factor.doubles()[0])
      let zeroPoint = Int(offset?.integers()[0] ?? 0)
      if let found, found.scale != scale || found.zeroPoint != zeroPoint { return nil }
      found = ((found?.ops ?? []) + [use.user], scale, zeroPoint)
    }
    return graph.outputs.contains { $0.value == value } ? nil : found
  }

  /// Changes the port; tells what became of it.
  func apply(_ rw: inout Rewriter) throws(TypeMismatch) -> PortForm {
    let isConverted = element != type.element
    let extents = type.shape.extents
    let order: [Int] = isChannelsLast ? [extents[0]] + extents[2...] + [extents[1]] : extents
    let port = TensorType(element, try checkedShape(order))
    let form = PortForm(
      name: name, model: type, port: port, isChannelsLast: isChannelsLast, isConverted: isConverted,
      scale: scale, zeroPoint: zeroPoint)
    guard isChannelsLast || isConverted else { return form }
    let (raw, old) = rw.replaceInput(position, type: port)
    rw.insertionPoint = rw.graph.opIDs.first
    defer { rw.insertionPoint = nil }
    let location = Location([name])
    var value = raw
    if isChannelsLast {
      let back = [0, extents.count - 1] + (1..<extents.count - 1)
      value = try rw.insert(Transpose(back), [value], location: location)[0]
    }
    if !quantizers.isEmpty {
      for op in quantizers {
        rw.replaceAllUses(of: rw.graph.results(of: op)[0], with: value)
        rw.erase(op)
      }
      return form
    }
    if isConverted { value = try rw.insert(Cast(to: type.element), [value], location: location)[0] }
    rw.replaceAllUses(of: old, with: value)
    return form
  }
}

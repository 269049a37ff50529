// SPDX-License-Identifier: Apache-2.0
public import Fettle

/// The channels of groups dealt out in turn, as between the grouped convolutions of ShuffleNet: channel j · groups + g
/// of the result is channel g · (channels / groups) + j of the input.
public struct ChannelShuffle: OpDefinition {
  public enum Operand: Int, OperandName { case input }
  public static let name = "channel_shuffle"
  public static let summary = "the channels of groups (dimension 1) dealt out in turn"
  public static let fields: [Field<Self>] = [
    Field("groups", \.groups, "the number of groups, a divisor of the channels")
  ]
  public var groups = 1

  public init() {}

  public init(groups: Int) { self.groups = groups }

  public func resultTypes(of operands: OperandTypes<Self>) throws(TypeMismatch) -> [TensorType] {
    let input = try operands.require(.input)
    guard input.element.isFloat else { throw TypeMismatch("channel_shuffle takes floats") }
    guard input.shape.rank >= 2 else { throw TypeMismatch("\(input) has no channels") }
    guard groups >= 1, input.shape[1] % groups == 0 else {
      throw TypeMismatch("\(input.shape[1]) channels are not \(groups) equal groups")
    }
    return [input]
  }
}

/// What it means: the reference that emitted code is compared with.
extension ChannelShuffle: Evaluable {
  public func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor] {
    let input = try operands.require(.input)
    let channels = input.shape[1]
    let inner = input.shape.extents[2...].reduce(1, *)
    let source = input.doubles()
    var values: [Double] = []
    values.reserveCapacity(source.count)
    for sample in 0..<input.shape[0] {
      for c in 0..<channels {
        let from = (sample * channels + c % groups * (channels / groups) + c / groups) * inner
        values.append(contentsOf: source[from..<from + inner])
      }
    }
    return [Tensor(resultTypes[0], rounding: values)]
  }
}

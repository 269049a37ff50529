// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// The channels of a layer's result with all that reads them: layers that sum over them, through
/// ops that leave each channel to itself.
struct ChannelLink {
  let producer: LinearLayer
  /// The values that hold the channels, the layer's result first.
  private(set) var values: [(value: ValueID, place: ChannelPlace)] = []
  /// The layers behind; position p of their input channels is channel p / repeats.
  private(set) var readers: [(layer: LinearLayer, repeats: Int)] = []
  /// Whether what is taken from a channel in front is missing behind, above zero.
  private(set) var carriesShift = true

  /// Follows the result of a layer.
  ///
  /// - Throws: if something else than layers reads the channels.
  init(behind producer: LinearLayer, _ rw: borrowing Rewriter) throws(Declined) {
    self.producer = producer
    try rw.require(
      producer.channelAxis < producer.resultType.shape.rank, "the layer has no channels")
    values = [(producer.result, ChannelPlace(axis: producer.channelAxis, repeats: 1))]
    var next = 0
    while next < values.count {
      let (value, place) = values[next]
      next += 1
      try rw.require(!rw.graph.isOutput(value), "an output of the model reads the result")
      for use in rw.graph.uses(of: value) { try follow(use, place, rw) }
    }
    try rw.require(!readers.isEmpty, "no layer reads the result")
  }

  private mutating func follow(
    _ use: Use, _ place: ChannelPlace, _ rw: borrowing Rewriter
  ) throws(Declined) {
    let definition = rw.graph.definition(of: use.user)
    guard let scalable = definition as? any ScalableOp else {
      try rw.require(use.slot == 0, "\(type(of: definition).name) reads the result")
      let layer = try LinearLayer(use.user, rw)
      try rw.require(
        layer.inputChannelAxis == place.axis
          && layer.inputChannels == producer.outputChannels * place.repeats,
        "a layer behind does not sum over the channels")
      readers.append((layer, place.repeats))
      return
    }
    let op = ChannelOp(graph: rw.graph, id: use.user)
    let carried = try scalable.carry(place, slot: use.slot, op)
    carriesShift = carriesShift && scalable.carriesShift
    values.append((rw.graph.results(of: use.user)[0], carried))
  }

  /// Scales and shifts what is known of the channels in every value that holds them.
  func transformStatistics(_ affine: ChannelAffine, _ rw: inout Rewriter) {
    for (value, place) in values where rw.graph.contains(value) {
      guard let old = rw.graph.statistics(of: value) else { continue }
      guard place.axis == 1 else {
        rw.setStatistics(of: value, to: nil)
        continue
      }
      var spread = ChannelAffine(uniform: 1, 0, count: old.mean.count)
      for p in spread.scale.indices {
        spread.scale[p] = affine.scale[p / place.repeats]
        spread.shift[p] = affine.shift[p / place.repeats]
      }
      rw.setStatistics(of: value, to: spread.applied(to: old))
    }
  }
}

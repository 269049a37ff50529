// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// A convolution, transposed convolution or matrix product of floats with constant weights and
/// bias: what scales and shifts of channels fold into.
struct LinearLayer {
  let op: OpID
  let definition: any OpDefinition
  let weight: Tensor
  let weightSlot: Int
  let bias: Tensor?
  let biasSlot: Int
  let result: ValueID
  let resultType: TensorType
  /// The axis of the result that the weights' output channels make.
  let channelAxis: Int
  let outputChannels: Int
  /// How many channels the input has.
  let inputChannels: Int
  /// How many groups of channels are convolved apart.
  let groups: Int
  /// The axis of the input over which the layer sums.
  let inputChannelAxis: Int
  /// Whether every output position sums over all weights, whatever is near a border.
  let isUniform: Bool
  private let indexing: Indexing

  /// How a weight's elements belong to channels: the weight seen as [outer, middle, inner].
  private enum Indexing {
    /// [O, C/groups, kernel]
    case convolution(outputsPerGroup: Int, inputsPerGroup: Int)
    /// [C, O/groups, kernel]
    case transposed(outputsPerGroup: Int, inputsPerGroup: Int)
    /// […, K, N]
    case matrix
    /// […, N, K]
    case transposedMatrix
  }

  /// The layer that an op is, or the reason why it is none.
  init(_ op: OpID, _ rw: borrowing Rewriter) throws(Declined) {
    let graph = rw.graph
    self.op = op
    definition = graph.definition(of: op)
    result = graph.results(of: op)[0]
    resultType = graph.type(of: result)
    weightSlot = 1
    biasSlot = 2
    if let conv = graph.op(op, as: Convolution.self) {
      weight = try rw.constant(conv, .weight)
      bias = try rw.constantIfPresent(conv, .bias)
      channelAxis = 1
      inputChannelAxis = 1
      outputChannels = weight.shape[0]
      groups = conv.groups
      inputChannels = weight.shape[1] * conv.groups
      isUniform = conv.padding.allSatisfy { $0 == 0 }
      indexing = .convolution(
        outputsPerGroup: weight.shape[0] / conv.groups, inputsPerGroup: weight.shape[1])
    } else if let conv = graph.op(op, as: TransposedConvolution.self) {
      weight = try rw.constant(conv, .weight)
      bias = try rw.constantIfPresent(conv, .bias)
      channelAxis = 1
      inputChannelAxis = 1
      outputChannels = resultType.shape[1]
      groups = conv.groups
      inputChannels = weight.shape[0]
      isUniform = false
      indexing = .transposed(
        outputsPerGroup: weight.shape[1], inputsPerGroup: weight.shape[0] / conv.groups)
    } else if let product = graph.op(op, as: MatrixMultiply.self) {
      weight = try rw.constant(product, .rhs)
      bias = try rw.constantIfPresent(product, .bias)
      try rw.require(weight.shape.rank >= 2, "the product is with a vector")
      let rank = graph.operand(product, .lhs).map { graph.type(of: $0).shape.rank } ?? 0
      try rw.require(rank >= 1, "the product has no left side")
      channelAxis = resultType.shape.rank - 1
      inputChannelAxis = product.transposeLHS ? rank - 2 : rank - 1
      outputChannels = weight.shape[weight.shape.rank - (product.transposeRHS ? 2 : 1)]
      groups = 1
      inputChannels = weight.shape[weight.shape.rank - (product.transposeRHS ? 1 : 2)]
      isUniform = true
      indexing = product.transposeRHS ? .transposedMatrix : .matrix
    } else {
      throw Declined("\(type(of: definition).name) has no weights")
    }
    try rw.require(
      resultType.element.isFloat && weight.element == resultType.element,
      "the layer is not of floats")
  }

  /// The layer whose result a value is.
  init(making value: ValueID, _ rw: borrowing Rewriter) throws(Declined) {
    guard let op = rw.graph.producer(of: value) else {
      throw Declined("the operand is not the result of an op")
    }
    try self.init(op, rw)
  }

  /// Declines if something else than one op reads the result.
  func requireAlone(_ rw: borrowing Rewriter) throws(Declined) {
    try rw.requireSingleUse(result)
  }

  /// Replaces an op that transforms the result's channels by the layer with the transformation
  /// inside.
  func absorb(
    after affine: ChannelAffine, replacing reader: OpID, statistics: ChannelStatistics? = nil,
    _ rw: inout Rewriter
  ) throws(Declined) {
    let weights = scaled { output, _ in affine.scale[output] }
    var biases = bias?.doubles() ?? Array(repeating: 0, count: outputChannels)
    for i in biases.indices { biases[i] = biases[i] * affine.scale[i] + affine.shift[i] }
    let known = statistics ?? rw.graph.statistics(of: result).flatMap(affine.applied)
    let new = try replace(reader, weights, biases, input: nil, &rw)
    rw.setStatistics(of: new, to: known)
  }

  /// Replaces the layer by one that takes `input` and does the transformation of its channels
  /// itself.
  func absorb(
    before affine: ChannelAffine, input: ValueID, _ rw: inout Rewriter
  ) throws(Declined) {
    try rw.require(
      isUniform || affine.hasNoShift, "padding would have to be shifted along with the input")
    var biases = bias?.doubles() ?? Array(repeating: 0, count: outputChannels)
    if !affine.hasNoShift {
      for (output, sum) in sums(of: affine.shift).enumerated() { biases[output] += sum }
    }
    let weights = scaled { _, channel in affine.scale[channel] }
    let known = rw.graph.statistics(of: result)
    let new = try replace(op, weights, biases, input: input, &rw)
    rw.setStatistics(of: new, to: known)
  }

  /// What the layer without its bias makes of an input in which every channel is one number, away
  /// from borders.
  func sums(of channels: [Double]) -> [Double] {
    var sums = Array(repeating: 0.0, count: outputChannels)
    let values = weight.doubles()
    forEachBlock { block, output, channel in
      for i in block { sums[output] += values[i] * channels[channel] }
    }
    return sums
  }

  /// Adds to the bias, which appears where there is none; returns the op that the layer is then.
  @discardableResult
  func addToBias(_ sums: [Double], _ rw: inout Rewriter) throws(Declined) -> OpID {
    let old = bias?.doubles() ?? Array(repeating: 0, count: outputChannels)
    let biases = zip(old, sums).map { $0 + $1 }
    let result = try replace(op, weight, biases, input: nil, &rw)
    return rw.graph.producer(of: result) ?? op
  }

  /// The weights times a factor for each pair of channels, rounded once. What was read of a mapped
  /// file leaves memory again: of a large model there is one copy of the weights, not two.
  func scaled(by factor: (_ output: Int, _ input: Int) -> Double) -> Tensor {
    defer { weight.bytes.release() }
    guard weight.element == .f32 else {
      var values = weight.doubles()
      forEachBlock { block, output, input in
        let factor = factor(output, input)
        for i in block { values[i] *= factor }
      }
      return Tensor(weight.type, rounding: values)
    }
    let bytes = weight.bytes.withElements(of: Float.self) { source in
      Bytes(count: weight.bytes.count) { memory in
        let scaled = memory.bindMemory(to: Float.self)
        forEachBlock { block, output, input in
          let factor = factor(output, input)
          for i in block { scaled[i] = Float(Double(source[i]) * factor) }
        }
      }
    }
    guard let tensor = Tensor(weight.type, bytes: bytes) else {
      unreachable("as many bytes as the weights have")
    }
    return tensor
  }

  /// Calls `body` with runs of weight indices that share an output and an input channel.
  func forEachBlock(_ body: (Range<Int>, _ output: Int, _ input: Int) -> Void) {
    let extents = weight.shape.extents
    let (outer, middle): (Int, Int)
    switch indexing {
    case .convolution, .transposed: (outer, middle) = (extents[0], extents[1])
    case .matrix, .transposedMatrix:
      (outer, middle) = (extents[extents.count - 2], extents[extents.count - 1])
    }
    guard weight.count > 0 else { return }
    let inner: Int
    switch indexing {
    case .convolution, .transposed: inner = weight.count / (outer * middle)
    case .matrix, .transposedMatrix: inner = 1
    }
    var start = 0
    while start < weight.count {
      let m = start / inner % middle
      let o = start / (inner * middle) % outer
      let block = start..<start + inner
      switch indexing {
      case .convolution(let outputs, let inputs): body(block, o, o / outputs * inputs + m)
      case .transposed(let outputs, let inputs): body(block, o / inputs * outputs + m, o)
      case .matrix: body(block, m, o)
      case .transposedMatrix: body(block, o, m)
      }
      start += inner
    }
  }

  /// Replaces an op by this layer with other weights; a bias appears only where it is needed.
  func replace(
    _ replaced: OpID, _ newWeight: Tensor, _ biases: [Double], input: ValueID?,
    _ rw: inout Rewriter
  ) throws(Declined) -> ValueID {
    let biasType = TensorType(resultType.element, Shape.vector(outputChannels))
    let newBias = Tensor(biasType, rounding: biases)
    try rw.require(
      isFinite(newWeight) && isFinite(newBias),
      "the weights would leave the range of \(weight.element.rawValue)")
    var operands = rw.graph.operands(of: op)
    while operands.count <= biasSlot { operands.append(nil) }
    if let input { operands[0] = input }
    operands[weightSlot] = rw.addConstant(newWeight, name: name(weightSlot, rw, "weight"))
    let needsBias = bias != nil || biases.contains { $0 != 0 }
    let biasName = needsBias ? name(biasSlot, rw, "bias") : ""
    operands[biasSlot] = needsBias ? rw.addConstant(newBias, name: biasName) : nil
    let location = rw.graph.location(of: op)
    let all = replaced == op ? location : location.joined(with: rw.graph.location(of: replaced))
    do {
      return try rw.replace(replaced, with: definition, operands, location: all)[0]
    } catch {
      throw Declined(error.description)
    }
  }

  func isFinite(_ tensor: Tensor) -> Bool {
    guard tensor.element == .f32 else { return tensor.doubles().allSatisfy(\.isFinite) }
    return tensor.bytes.withElements(of: Float.self) { $0.allSatisfy(\.isFinite) }
  }

  /// The name that a new constant wishes for: that of the old one, or one after the layer.
  func name(_ slot: Int, _ rw: borrowing Rewriter, _ what: String) -> String {
    let operands = rw.graph.operands(of: op)
    if slot < operands.count, let old = operands[slot], let constant = rw.graph.constant(old) {
      return constant.name
    }
    if let old = operands[weightSlot], let constant = rw.graph.constant(old) {
      return "\(constant.name)_\(what)"
    }
    return what
  }
}

extension Shape {
  /// The shape of a vector; the extent is that of a tensor that exists.
  static func vector(_ extent: Int) -> Shape {
    guard let shape = Shape([extent]) else { unreachable("a tensor's extent makes a vector") }
    return shape
  }
}

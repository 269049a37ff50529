// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// A weight of floats whose rounding is still open: a constant that a `quantize` makes integers of,
/// for layers that read them through a `dequantize` of the same scale.
///
/// Its elements are seen as rows, one for each output of the layers.
struct OpenWeight {
  /// The `quantize`.
  let op: OpID
  let floats: Tensor
  let element: ElementType
  /// One, or one for each row.
  let scales: [Double]
  /// The axis along which the outputs lie.
  let axis: Int
  /// The layers, in the order of the graph.
  let layers: [OpID]
  /// The number of outputs.
  let rows: Int
  /// How many neighbours in the tensor are of one output.
  private let inner: Int

  /// Those of a graph, in the order of their layers.
  static func all(in graph: Graph) -> [OpenWeight] {
    var positions = SideTable<OpRecord, Int>(default: -1)
    for (position, op) in graph.opIDs.enumerated() { positions[op] = position }
    return graph.opIDs.compactMap { OpenWeight($0, graph, positions) }
      .sorted { positions[$0.layers[0]] < positions[$1.layers[0]] }
  }

  private init?(_ op: OpID, _ graph: Graph, _ positions: SideTable<OpRecord, Int>) {
    guard let quantize = graph.op(op, as: Quantize.self), quantize.block == 0,
      let floats = graph.operand(quantize, .input).flatMap({ graph.tensor($0) }),
      let scaleValue = graph.operand(quantize, .scale), let scale = graph.tensor(scaleValue),
      floats.element == .f32, floats.count > 0, quantize.to.bitCount <= 16,
      quantize.to.integerRange != nil
    else { return nil }
    if let zero = graph.operand(quantize, .zeroPoint) {
      guard graph.tensor(zero)?.uniformValue == 0 else { return nil }
    }
    var layers: [(op: OpID, axis: Int, groups: Int)] = []
    for use in graph.uses(of: graph.results(of: op)[0]) {
      guard let dequantize = graph.op(use.user, as: Dequantize.self), use.slot == 0,
        let ownScale = graph.operand(dequantize, .scale).flatMap({ graph.tensor($0) }),
        ownScale == scale, dequantize.block == 0
      else { return nil }
      for reader in graph.uses(of: graph.results(of: use.user)[0]) {
        guard reader.slot == 1,
          let axis = Self.outputAxis(graph.definition(of: reader.user), floats.shape.rank)
        else { return nil }
        let groups = (graph.definition(of: reader.user) as? Convolution)?.groups ?? 1
        layers.append((reader.user, axis, groups))
      }
    }
    guard let (_, axis, groups) = layers.first,
      layers.allSatisfy({ $0.axis == axis && $0.groups == groups }),
      scale.count == 1 || quantize.axis == axis
    else { return nil }
    let scales = scale.doubles()
    guard scales.allSatisfy({ $0 > 0 && $0.isFinite }),
      floats.doubles().allSatisfy({ $0.isFinite })
    else { return nil }
    (self.op, self.floats, element, self.scales) = (op, floats, quantize.to, scales)
    self.axis = axis
    rows = floats.shape[axis]
    inner = floats.shape.extents[(axis + 1)...].reduce(1, *)
    self.layers = layers.map(\.op).sorted { positions[$0] < positions[$1] }
  }

  private static func outputAxis(_ definition: any OpDefinition, _ rank: Int) -> Int? {
    switch definition {
    case is Convolution: 0
    case let conv as TransposedConvolution: conv.groups == 1 ? 1 : nil
    case let product as MatrixMultiply: rank == 2 ? (product.transposeRHS ? 0 : 1) : nil
    default: nil
    }
  }

  /// The integers that it may become.
  var limits: ClosedRange<Int> { WeightGrids.limits(element) }
  /// The number of elements of a row.
  var rowLength: Int { floats.count / rows }
  /// How many neighbours in a row belong to one input channel.
  var kernelSize: Int { floats.shape.extents.dropFirst(2).reduce(1, *) }

  /// The scale of a row.
  func scale(_ row: Int) -> Double { scales[scales.count == 1 ? 0 : row] }

  /// The place of an element of a row in the tensor.
  func place(_ row: Int, _ position: Int) -> Int {
    (position / inner * rows + row) * inner + position % inner
  }

  /// The integers from the rows.
  func tensor(_ integers: [[Int]]) -> Tensor {
    var values = [Int64](repeating: 0, count: floats.count)
    for (row, elements) in integers.enumerated() {
      for (position, q) in elements.enumerated() { values[place(row, position)] = Int64(q) }
    }
    return Tensor(TensorType(element, floats.shape), wrapping: values)
  }

  /// The rows in units of their scale.
  func quotients() -> [[Double]] {
    let values = floats.doubles()
    return (0..<rows).map { row in
      (0..<rowLength).map { values[place(row, $0)] / scale(row) }
    }
  }
}

extension Graph {
  /// Puts integers where the rounding of a weight was open.
  mutating func close(_ weight: OpenWeight, with integers: Tensor) {
    rewrite { rw in
      let value = rw.graph.results(of: weight.op)[0]
      let constant = rw.addConstant(integers, name: rw.graph.name(of: value))
      rw.replaceAllUses(of: value, with: constant)
      rw.erase(weight.op)
    }
  }

  /// The weights whose rounding is open.
  ///
  /// - Throws: if there are none and there are to be some.
  func openWeights(atLeastOne: Bool) throws(Failure) -> [OpenWeight] {
    let weights = OpenWeight.all(in: self)
    guard !weights.isEmpty || !atLeastOne else {
      throw Failure(
        "there is no weight whose rounding is open",
        notes: ["quantize{rounding=later} in front leaves them to the pass"])
    }
    return weights
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// What a layer's reconstruction error depends on: for each group of its outputs the sums of x·xᵀ
/// and t·xᵀ over vectors x of its quantized input and results t in floats. Their size does not
/// depend on the number of samples.
///
/// About the means they are the error of a layer whose bias is free: the best bias makes the mean
/// of the result that of the floats, and what is left is the error of the differences from it.
struct LayerMoments {
  let vectors: LayerVectors
  /// Whether the sums are about the means.
  let isCentered: Bool
  /// How many vectors were summed.
  private(set) var count = 0
  /// For each group.
  private(set) var squares: [OuterProductSums]
  private(set) var products: [OuterProductSums]
  /// The means, for each group: of x and of t.
  private(set) var inputMeans: [[Double]]
  private(set) var targetMeans: [[Double]]
  /// What is taken off x and t before they are summed, near their means, so that little is lost
  /// when the moments about the means are made.
  private var inputShifts: [[Float]]
  private var targetShifts: [[Float]]
  private var inputs: [[Float]]
  private var targets: [[Float]]
  private var waiting = 0
  /// Of so many positions of a sample vectors are taken.
  private let positionLimit: Int

  /// - Parameter samples: How many there will be. Of all together vectors are taken for some times
  ///   the length of one: more tell little that is new, and take long.
  init(_ vectors: LayerVectors, isCentered: Bool, samples: Int) {
    self.vectors = vectors
    self.isCentered = isCentered
    positionLimit = max(1, (8192 + 16 * vectors.length) / samples)
    inputMeans = Array(repeating: Array(repeating: 0, count: vectors.length), count: vectors.groups)
    targetMeans = Array(
      repeating: Array(repeating: 0, count: vectors.outputs), count: vectors.groups)
    inputShifts = inputMeans.map { $0.map { Float($0) } }
    targetShifts = targetMeans.map { $0.map { Float($0) } }
    let square = OuterProductSums(rows: vectors.length, columns: vectors.length)
    // Rows and columns of a square are of one length.
    let width = square.columns
    squares = Array(
      repeating: OuterProductSums(rows: width, columns: width), count: vectors.groups)
    let product = OuterProductSums(rows: vectors.outputs, columns: width)
    products = Array(repeating: product, count: vectors.groups)
    let block = OuterProductSums.block
    inputs = Array(
      repeating: [Float](repeating: 0, count: block * width), count: vectors.groups)
    targets = Array(
      repeating: [Float](repeating: 0, count: block * product.rows), count: vectors.groups)
  }

  /// Adds what a sample makes of the layer; of large results evenly spread positions, other ones
  /// for each sample.
  ///
  /// - Throws: if something is not a finite number.
  mutating func add(_ sample: Int, _ input: Tensor, _ result: Tensor) throws(Failure) {
    guard Self.isFinite(input), Self.isFinite(result) else {
      throw Failure(
        "sample \(sample) makes numbers that are not finite",
        notes: ["nothing can be learned from it: leave the sample out"])
    }
    let positions = vectors.positions
    let taken = min(positions, positionLimit)
    input.bytes.withUnsafeBytes { input in
      result.bytes.withUnsafeBytes { result in
        guard let x = input.baseAddress?.assumingMemoryBound(to: Float.self),
          let t = result.baseAddress?.assumingMemoryBound(to: Float.self)
        else { return }
        for number in 0..<taken {
          let shift = positions > taken ? sample * 0x9E37 % positions : 0
          append((number * positions / taken + shift) % positions, x, t)
        }
      }
    }
  }

  private mutating func append(
    _ position: Int, _ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>
  ) {
    for group in 0..<vectors.groups {
      let (width, height) = (squares[group].columns, products[group].rows)
      inputs[group].withUnsafeMutableBufferPointer { input in
        targets[group].withUnsafeMutableBufferPointer { target in
          vectors.read(
            position, group: group, x, t, input.baseAddress! + waiting * width,
            target.baseAddress! + waiting * height)
        }
      }
    }
    waiting += 1
    if waiting == OuterProductSums.block { flush() }
  }

  private mutating func flush() {
    for group in 0..<vectors.groups {
      if isCentered {
        let (width, height) = (squares[group].columns, products[group].rows)
        Self.shift(
          &inputs[group], width, waiting, isFirst: count == 0, by: &inputShifts[group],
          &inputMeans[group])
        Self.shift(
          &targets[group], height, waiting, isFirst: count == 0, by: &targetShifts[group],
          &targetMeans[group])
      }
      squares[group].add(inputs[group], inputs[group], count: waiting, isSquare: true)
      products[group].add(targets[group], inputs[group], count: waiting)
    }
    count += waiting
    waiting = 0
  }

  /// Takes a shift off vectors, which the first block decides, and sums what is left.
  private static func shift(
    _ vectors: inout [Float], _ width: Int, _ count: Int, isFirst: Bool, by shifts: inout [Float],
    _ sums: inout [Double]
  ) {
    guard count > 0 else { return }
    for i in shifts.indices {
      if isFirst {
        let sum = (0..<count).reduce(0.0) { $0 + Double(vectors[$1 * width + i]) }
        shifts[i] = Float(sum / Double(count))
      }
      for k in 0..<count {
        vectors[k * width + i] -= shifts[i]
        sums[i] += Double(vectors[k * width + i])
      }
    }
  }

  /// Sums up what is waiting; nothing is added behind.
  mutating func finish() {
    flush()
    for group in 0..<vectors.groups {
      squares[group].mirror()
      guard isCentered, count > 0 else { continue }
      let (x, t) = (
        inputMeans[group].map { $0 / Double(count) },
        targetMeans[group].map { $0 / Double(count) })
      squares[group].remove(x, x, times: Double(count))
      products[group].remove(t, x, times: Double(count))
      inputMeans[group] = zip(x, inputShifts[group]).map { $0 + Double($1) }
      targetMeans[group] = zip(t, targetShifts[group]).map { $0 + Double($1) }
    }
  }

  /// What the bias of each output lacks if the rows of the weight are these: for sums about the
  /// means.
  func biases(_ rows: [[Double]]) -> [Double] {
    rows.enumerated().map { row, weights in
      let (group, output) = (row / vectors.outputs, row % vectors.outputs)
      return zip(weights, inputMeans[group]).reduce(targetMeans[group][output]) {
        $0 - $1.0 * $1.1
      }
    }
  }

  private static func isFinite(_ tensor: Tensor) -> Bool {
    tensor.bytes.withUnsafeBytes { memory in
      var total: Float = 0
      for i in 0..<tensor.count {
        // 0 for every number, NaN for what is none and stays so.
        total += memory.loadUnaligned(fromByteOffset: i * 4, as: Float.self) * 0
      }
      return total == 0
    }
  }
}

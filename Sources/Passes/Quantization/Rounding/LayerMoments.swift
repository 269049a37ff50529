// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// What a layer's reconstruction error depends on: for each group of its outputs the sums of x·xᵀ
/// and t·xᵀ over vectors x of its quantized input and results t in floats. Their size does not
/// depend on the number of samples.
struct LayerMoments {
  let vectors: LayerVectors
  /// How many vectors were summed.
  private(set) var count = 0
  /// For each group.
  private(set) var squares: [OuterProductSums]
  private(set) var products: [OuterProductSums]
  private var inputs: [[Float]]
  private var targets: [[Float]]
  private var waiting = 0
  /// Of so many positions of a sample vectors are taken.
  private static let positionLimit = 256

  init(_ vectors: LayerVectors) {
    self.vectors = vectors
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
    let taken = min(positions, Self.positionLimit)
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
      squares[group].add(inputs[group], inputs[group], count: waiting, isSquare: true)
      products[group].add(targets[group], inputs[group], count: waiting)
    }
    count += waiting
    waiting = 0
  }

  /// Sums up what is waiting; nothing is added behind.
  mutating func finish() {
    flush()
    for group in 0..<vectors.groups { squares[group].mirror() }
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

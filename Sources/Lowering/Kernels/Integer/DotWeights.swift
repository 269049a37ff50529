// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import LoopIR
import Tensors

/// The numbers of a constant weight as dot products see them: outputs by taps by inputs.
struct DotMatrix: Sendable {
  let tensor: Tensor
  let outputs: Int
  let taps: Int
  let inputs: Int
  /// Elements between neighbours along each.
  let strides: (output: Int, tap: Int, input: Int)

  /// The weight of a convolution without groups.
  init(convolution tensor: Tensor) {
    let shape = tensor.shape
    self.tensor = tensor
    (outputs, inputs) = (shape[0], shape[1])
    taps = shape.extents.dropFirst(2).reduce(1, *)
    strides = (inputs * taps, 1, taps)
  }

  /// The right operand of a matrix product.
  init(columns tensor: Tensor, isTransposed: Bool) {
    let shape = tensor.shape
    self.tensor = tensor
    (inputs, outputs) = isTransposed ? (shape[1], shape[0]) : (shape[0], shape[1])
    taps = 1
    strides = isTransposed ? (inputs, 0, 1) : (1, 0, outputs)
  }

  /// Calls `body` with a function that gives the number of an output, tap and input.
  func read<Result>(_ body: ((Int, Int, Int) -> Int8) -> Result) -> Result {
    tensor.bytes.withUnsafeBytes { bytes in
      body { output, tap, input in
        bytes.loadUnaligned(
          fromByteOffset: output * strides.output + tap * strides.tap + input * strides.input,
          as: Int8.self)
      }
    }
  }

  /// The sum of the weights of each output.
  var sums: [Int64] {
    read { weight in
      (0..<outputs).map { output in
        (0..<taps).reduce(0) { sum, tap in
          (0..<inputs).reduce(sum) { $0 + Int64(weight(output, tap, $1)) }
        }
      }
    }
  }

  /// What sums start with so that inputs need not lose their zero point: the bias less zero point times sum of weights. Filled up
  /// to whole tiles of outputs.
  func starts(
    bias: Tensor?, zero: Int64, fillingUpTo width: Int, name: String,
    in context: inout LoweringContext
  ) -> TensorView {
    let (bias, sums) = (bias?.integers(), sums)
    let count = (outputs + width - 1) / width * width
    guard let extents = Shape([count]) else { unreachable("a count makes a shape") }
    let bytes = Packing.generate(count: count) { (output: Int) -> Int32 in
      guard output < sums.count else { return 0 }
      return Int32(truncatingIfNeeded: (bias?[output] ?? 0) &- zero &* sums[output])
    }
    return context.constant(.rowMajor(TensorType(.i32, extents)), bytes, name: name)
  }
}

/// Weights in the order in which vectors of sums read them: [tile of outputs][tap][four inputs], and there for each output the four
/// numbers, or for each output the two of the first step, then those of the second.
struct DotWeights {
  let form: DotForm
  let lanes: Int
  /// Vectors in a tile of outputs.
  let vectors: Int
  let matrix: DotMatrix
  /// Whether the last four inputs are the last ones there are, some of them counted before (with weights of 0 here).
  let overlaps: Bool

  /// Outputs in a tile.
  var width: Int { lanes * vectors }
  /// Groups of four inputs.
  var groups: Int { (matrix.inputs + 3) / 4 }

  private var shape: Shape {
    let tiles = (matrix.outputs + width - 1) / width
    guard let shape = Shape([tiles, matrix.taps, groups, 4 * width]) else {
      unreachable("packed weights are of a size that memory holds")
    }
    return shape
  }

  /// The first input of a group.
  func input(of group: Index) -> Index {
    guard overlaps, let last = group.constantValue, last == groups - 1 else { return group * 4 }
    return Index(matrix.inputs - 4)
  }

  /// The packed weights, made when they are written.
  func packed(name: String, in context: inout LoweringContext) -> TensorView {
    let layout = BufferLayout.rowMajor(TensorType(.i8, shape))
    let this = self
    let bytes = Bytes(count: layout.byteCount, deferred: { this.generated() })
    return context.constant(layout, bytes, name: name)
  }

  private func generated() -> Bytes {
    let (taps, groups, width) = (matrix.taps, self.groups, self.width)
    return matrix.read { weight in
      Packing.generate(count: shape.elementCount) { (position: Int) -> Int8 in
        let (outer, inner) = position.quotientAndRemainder(dividingBy: 4 * width)
        let (lane, number) =
          form.stepCount == 1
          ? (inner / 4, inner % 4)
          : (inner % (2 * width) / 2, form.input(step: inner / (2 * width), of: inner % 2))
        let output = outer / (taps * groups) * width + lane
        let (tap, group) = (outer / groups % taps, outer % groups)
        let isLast = overlaps && group == groups - 1
        let input = isLast ? matrix.inputs - 4 + number : 4 * group + number
        guard output < matrix.outputs, input < matrix.inputs, input >= 4 * group else { return 0 }
        return weight(output, tap, input)
      }
    }
  }

  /// The weights of a vector of outputs for a step of a group.
  func load(
    _ w: TensorParameter, tile: Index, tap: Index, group: Index, step: Int, vector: Int,
    _ k: KernelBuilder
  ) -> Expression {
    if form.stepCount == 1 {
      return k.load(w, [tile, tap, group, Index(4 * lanes * vector)], lanes: 4 * lanes)
    }
    let place = Index(2 * width * step + 2 * lanes * vector)
    return k.load(w, [tile, tap, group, place], lanes: 2 * lanes).converted(to: .i16)
  }
}

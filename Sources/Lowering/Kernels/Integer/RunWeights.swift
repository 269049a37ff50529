// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import LoopIR
import Tensors

/// Weights in the order in which tiles of outputs read them along runs of numbers that lie side by side in the input:
/// [tile][run][vector][output of the tile][number], where the weights of an output are cut into runs of `length`.
struct RunWeights {
  let form: RunForm
  let matrix: DotMatrix
  let groups: Int
  /// Outputs in a tile; tiles do not cross groups.
  let units: Int
  /// Numbers in a run.
  let length: Int
  /// Whether the last vector ends with the run, some of its numbers counted before (with weights of 0 here); else it reaches beyond.
  let overlaps: Bool
  /// Numbers in a vector.
  var lanes: Int { form.lanes }

  /// Runs for an output.
  var runs: Int { matrix.taps * matrix.inputs / length }
  /// Vectors of a run.
  var vectors: Int { (length + lanes - 1) / lanes }
  /// The tiles of a group.
  var tiles: Int { (matrix.outputs / groups + units - 1) / units }

  /// Where the numbers of a vector start in their run.
  func offset(of vector: Index) -> Index {
    guard overlaps, vector.constantValue == vectors - 1 else { return vector * lanes }
    return Index(length - lanes)
  }

  private var shape: Shape {
    guard let shape = Shape([groups * tiles, runs, vectors, units, lanes]) else {
      unreachable("packed weights are of a size that memory holds")
    }
    return shape
  }

  /// The packed weights, made when they are written.
  func packed(name: String, in context: inout LoweringContext) -> TensorView {
    let layout = BufferLayout.rowMajor(TensorType(.i8, shape))
    let this = self
    let bytes = Bytes(count: layout.byteCount, deferred: { this.generated() })
    return context.constant(layout, bytes, name: name)
  }

  private func generated() -> Bytes {
    let outputs = matrix.outputs / groups
    return matrix.read { weight in
      Packing.generate(count: shape.elementCount) { (position: Int) -> Int8 in
        let vector = position / (lanes * units) % vectors
        let number = form.position(of: position % lanes)
        let (tile, run) = (position / (lanes * units * vectors)).quotientAndRemainder(
          dividingBy: runs)
        let output = tile % tiles * units + position / lanes % units
        let place = (self.offset(of: Index(vector)).constantValue ?? 0) + number
        guard output < outputs, place < length, place >= vector * lanes else { return 0 }
        let flat = run * length + place
        return weight(
          tile / tiles * outputs + output, flat / matrix.inputs, flat % matrix.inputs)
      }
    }
  }
}

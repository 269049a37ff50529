// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors

/// The largest magnitude among the weights of a layer that join an input channel with an output
/// channel, for each pair that is joined.
struct WeightMagnitudes {
  let outputs: Int
  let inputs: Int
  /// How many inputs an output reads.
  private let columns: Int
  private let outputsPerGroup: Int
  /// By output, then by input within its group.
  private var largest: [Float]
  /// Whether no weight is infinite or NaN.
  private(set) var isFinite = true

  init(_ layer: LinearLayer) {
    outputs = layer.outputChannels
    inputs = layer.inputChannels
    columns = inputs / layer.groups
    outputsPerGroup = max(outputs / layer.groups, 1)
    var largest = Array(repeating: Float(0), count: outputs * columns)
    var sum: Float = 0
    let (columns, outputsPerGroup) = (columns, outputsPerGroup)
    func collect(_ magnitude: (Int) -> Float) {
      layer.forEachBlock { block, output, input in
        let place = output * columns + input - output / outputsPerGroup * columns
        for i in block {
          let x = magnitude(i)
          // 0 for every number, NaN for what is none and stays so.
          sum += x * 0
          largest[place] = x > largest[place] ? x : largest[place]
        }
      }
    }
    if layer.weight.element == .f32 {
      layer.weight.bytes.withElements(of: Float.self) { weights in collect { abs(weights[$0]) } }
    } else {
      let weights = layer.weight.doubles()
      collect { Float(abs(weights[$0])) }
    }
    self.largest = largest
    isFinite = sum == 0
  }

  /// The largest weight of each output channel when every weight is multiplied by the factor of its
  /// input and that of its output.
  func ofOutputs(_ inputFactors: [Double], _ outputFactors: [Double]) -> [Double] {
    (0..<outputs).map { output in
      let first = output / outputsPerGroup * columns
      var most = 0.0
      for j in 0..<columns {
        most = max(most, Double(largest[output * columns + j]) * inputFactors[first + j])
      }
      return most * outputFactors[output]
    }
  }

  /// The same for each input channel.
  func ofInputs(_ inputFactors: [Double], _ outputFactors: [Double]) -> [Double] {
    var most = Array(repeating: 0.0, count: inputs)
    for output in 0..<outputs {
      let first = output / outputsPerGroup * columns
      for j in 0..<columns {
        let x = Double(largest[output * columns + j]) * outputFactors[output]
        most[first + j] = max(most[first + j], x)
      }
    }
    for input in 0..<inputs { most[input] *= inputFactors[input] }
    return most
  }
}

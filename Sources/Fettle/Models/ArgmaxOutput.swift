// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// The position of the largest score in place of the scores. A softmax in front of it, which keeps
/// the order, is left out.
enum ArgmaxOutput {
  /// Rewrites the only output: along the channels, or the only dimension, as i32.
  static func apply(to graph: inout Graph) throws(Failure) {
    let outputs = graph.outputs
    guard outputs.count == 1 else {
      throw Failure(
        "--output-type argmax takes models with one output; this one has \(outputs.count)",
        notes: [
          "cut it by --outputs NAME; outputs: " + outputs.map(\.name).joined(separator: ", ")
        ])
    }
    let type = graph.type(of: outputs[0].value)
    guard type.shape.rank >= 1, type.element != .bool else {
      throw Failure("output '\(outputs[0].name)' is \(type), which has no largest position")
    }
    let axis = min(1, type.shape.rank - 1)
    do throws(TypeMismatch) {
      try graph.rewrite { (rw) throws(TypeMismatch) in
        let location = Location([outputs[0].name])
        let scores = Self.source(of: outputs[0].value, axis, rw.graph)
        let search = ArgReduce(.max, axis: axis, keepDimensions: false)
        let wide = try rw.insert(search, [scores], location: location)[0]
        let narrow = try rw.insert(Cast(to: .i32), [wide], location: location)[0]
        rw.setOutput(0, to: narrow)
        let output = outputs[0].value
        if scores != output, rw.graph.uses(of: output).isEmpty,
          let softmax = rw.graph.producer(of: output)
        {
          rw.erase(softmax)
        }
      }
    } catch {
      throw Failure("output '\(outputs[0].name)' has no largest position: \(error)")
    }
  }

  /// The operand of the softmax that makes an output, or the output.
  private static func source(of output: ValueID, _ axis: Int, _ graph: Graph) -> ValueID {
    guard let producer = graph.producer(of: output),
      let softmax = graph.op(producer, as: Softmax.self), softmax.axis == axis
    else { return output }
    return graph.operand(softmax, .input) ?? output
  }
}

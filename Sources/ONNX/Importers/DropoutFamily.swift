// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Dropout, which does nothing at inference.
enum DropoutFamily: OperatorFamily {
  static let importers = [OperatorImporter("Dropout", "at inference", read: dropout)]

  @Sendable static func dropout(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    node.ignore("is_test", "seed", "consumed_inputs", "ratio")
    let x = try node.input(0)
    if node.opset >= 12, node.optional(2) != nil {
      if let mode = try node.constant(2) {
        let isTraining = mode.count == 1 && mode.integers()[0] != 0
        if isTraining, try node.constantScalar(1, "ratio") ?? 0.5 != 0 {
          throw node.unsupported(
            "it drops elements at random, as in training", "export the model for inference")
        }
      } else {
        node.warn("training_mode is an input of the model; it is taken as false")
      }
    }
    guard node.wantsResult(1) else { return [x] }
    // The mask has the data's type before opset 10.
    let element = node.opset < 10 ? node.type(x).element : .bool
    return [x, try node.broadcast(node.scalar(1, element), node.extents(x))]
  }
}

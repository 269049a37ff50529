// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Evaluation
import GraphIR
import ONNX
import Tensors

/// The evaluator as the importer wants it: shapes that are computed from constants.
enum ConstantEvaluation {
  /// The tensor that a value is by constants alone.
  static let evaluate: ImportOptions.Evaluate = { (graph, value) throws(Failure) in
    try ConstantFolding.evaluateCone(of: value, in: graph)
  }
}

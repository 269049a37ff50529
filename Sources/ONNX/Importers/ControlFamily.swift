// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// If with a constant condition. The session writes the branch out; here is what is covered.
enum ControlFamily: OperatorFamily {
  static let importers = [
    OperatorImporter("If", "a condition known when the model is read") { (node) throws(Failure) in
      throw node.failure("a branch is written out by the session")
    }
  ]
}

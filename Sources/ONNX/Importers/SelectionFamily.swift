// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Where.
enum SelectionFamily: OperatorFamily {
  static let importers = [
    OperatorImporter("Where", since: 9) { (node) throws(Failure) in
      [try node.insert(Select(), try node.input(0), try node.input(1), try node.input(2))]
    }
  ]
}

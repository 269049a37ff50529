// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Where labels stand, for what is said of them.
struct LabelOrigin {
  let file: String
  let array: String
  /// The row of each label.
  let rows: [Int]
}

extension DataSet {
  /// Checks that labels are classes that a graph can answer, where answers are compared with them.
  func checkLabels(for graph: Graph) throws(Failure) {
    guard metric == .top1, let labels, let origin = labelOrigin, let output = graph.outputs.first
    else { return }
    let type = graph.type(of: output.value)
    let count = type.shape.elementCount
    // A single integer is the class itself: how many there are is not known.
    guard count != 1 || !type.element.isInteger else { return }
    guard let place = labels.firstIndex(where: { $0 < 0 || $0 >= count }) else { return }
    throw Failure(
      "label \(labels[place]) in '\(origin.array)' (row \(origin.rows[place])): "
        + "the model has \(count) class\(count == 1 ? "" : "es")",
      at: Origin(file: origin.file),
      notes: ["classes count from 0; with --metric none no labels are needed"])
  }

  /// The labels of an array, one for each entry of the samples' arrays.
  static func labels(
    _ name: String, _ archive: NumpyArchive, of sources: [SampleSource], count: Int
  ) throws(Failure) -> [Int] {
    guard archive.names.contains(name) else {
      let others = archive.names.filter { name in !sources.contains { $0.name == name } }
      throw Failure(
        "there is no array '\(name)' of labels",
        notes: Spelling.notes(for: name, among: others)
          + ["with --metric none no labels are needed"])
    }
    let tensor = try archive.tensor(name)
    guard tensor.count == count else {
      throw Failure("\(tensor.count) labels in '\(name)' for \(count) samples")
    }
    guard tensor.element.isInteger || tensor.doubles().allSatisfy({ $0.isFinite && $0 == $0.rounded() }) else {
      throw Failure("the labels in '\(name)' are no whole numbers")
    }
    return tensor.integers().map { Int($0) }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CEmission
import CompilerSupport
import GraphIR
import Tensors

/// The data's arithmetic as ops in front of a model: its inputs then take samples as they are stored.
enum FoldedPreprocessing {
  /// Puts the preprocessing of the data into the graph. Returns scale and zero point of the integer
  /// inputs whose preprocessing is no more than that, for the header.
  static func fold(
    into graph: inout Graph, dataAt location: DataLocation, _ arguments: Arguments
  ) throws(Failure) -> [HeaderMacro] {
    var macros: [HeaderMacro] = []
    let description = try DataOptions.description(of: location, arguments)
    let archive = try NumpyArchive.read(location.path)
    for (position, port) in graph.inputs.enumerated() where port.role == .input {
      guard let mapping = DataSet.mapping(for: port.name, at: position, of: graph.inputs.count, description)
      else { continue }
      let source = try SampleSource(
        mapping, archive, labels: DataSet.labelName(description, archive),
        type: graph.type(of: port.value), port: port.name)
      do throws(TypeMismatch) {
        try graph.rewrite { (rw) throws(TypeMismatch) in
          try insert(source, at: position, &rw)
        }
      } catch {
        throw Failure("the preprocessing does not fit input '\(port.name)': \(error)")
      }
      if source.rawType.element.isInteger, let affine = source.arithmetic.affine {
        macros.append(HeaderMacro(name: port.name + "_scale", value: .float(affine.scale)))
        macros.append(
          HeaderMacro(name: port.name + "_zero_point", value: .integer(affine.zeroPoint)))
      }
    }
    // The former values of the inputs belong to no port any more.
    graph = graph.compacted()
    return macros
  }

  private static func insert(
    _ source: SampleSource, at position: Int, _ rw: inout Rewriter
  ) throws(TypeMismatch) {
    let wanted = rw.graph.type(of: rw.graph.inputs[position].value)
    let (raw, old) = rw.replaceInput(position, type: source.rawType)
    rw.insertionPoint = rw.graph.opIDs.first
    defer { rw.insertionPoint = nil }
    let location = Location(["preprocessing"])
    var value = raw
    func apply(_ function: BinaryFunction, _ numbers: [Float], neutral: Float) throws(TypeMismatch) {
      guard numbers.contains(where: { $0 != neutral }) else { return }
      let isScalar = numbers.allSatisfy { $0 == numbers[0] }
      // Channels lie in dimension 1.
      let extents = isScalar ? [] : [numbers.count] + wanted.shape.extents.dropFirst(2).map { _ in 1 }
      let shape = try checkedShape(extents)
      let constant = rw.addConstant(
        Tensor(TensorType(.f32, shape), storage: isScalar ? [numbers[0]] : numbers))
      value = try rw.insert(Binary(function), [value, constant], location: location)[0]
    }
    if let permutation = source.permutation {
      value = try rw.insert(Transpose(permutation), [value], location: location)[0]
    }
    if rw.graph.type(of: value).shape != wanted.shape {
      value = try rw.insert(Reshape(to: wanted.shape.extents), [value], location: location)[0]
    }
    let arithmetic = source.arithmetic
    if rw.graph.type(of: value).element != .f32, !arithmetic.isIdentity || wanted.element == .f32 {
      value = try rw.insert(Cast(to: .f32), [value], location: location)[0]
    }
    try apply(.sub, [arithmetic.zeroPoint], neutral: 0)
    try apply(.mul, [arithmetic.scale], neutral: 1)
    try apply(.div, [arithmetic.divide], neutral: 1)
    try apply(.sub, arithmetic.mean, neutral: 0)
    try apply(.div, arithmetic.deviation, neutral: 1)
    if rw.graph.type(of: value).element != wanted.element {
      value = try rw.insert(Cast(to: wanted.element), [value], location: location)[0]
    }
    rw.replaceAllUses(of: old, with: value)
  }
}

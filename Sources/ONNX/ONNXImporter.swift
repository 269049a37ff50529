// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
import Tensors

/// The way from ONNX to a graph.
public enum ONNXImporter {
  /// The newest version of the standard operators whose meaning is known.
  public static let newestOpset = 28
  /// The oldest version that is read.
  public static let oldestOpset = 6

  /// The graph that a model describes, and what the user should know about the way in. `file`
  /// names the
  /// model in diagnostics, and external data are looked for beside it.
  ///
  /// - Throws: a failure of kind `unsupported` that names all nodes without a counterpart, or one
  /// of kind
  ///   `failed` if the model contradicts itself.
  public static func graph(
    from model: ModelProto, file: String, options: ImportOptions = ImportOptions()
  ) throws(Failure) -> (graph: Graph, warnings: [Diagnostic]) {
    do throws(Failure) {
      try ModelExtent.check(model)
      var model = model
      DistinctNames.apply(to: &model)
      try ModelCheck.run(model)
      var ports = try ModelPorts(model: model, options: options)
      if !ports.untypedInputs.isEmpty {
        // A cut at a tensor whose type the model does not tell: what is in front of it does.
        var upstream = options
        upstream.inputs = []
        upstream.outputs = ports.untypedInputs
        let probe = ImportSession(
          model: model, file: file, options: upstream,
          ports: try ModelPorts(model: model, options: upstream))
        let found = try probe.run()
        for output in found.outputs { ports.setType(output.name, found.type(of: output.value)) }
      }
      let session = ImportSession(model: model, file: file, options: options, ports: ports)
      let graph = try session.run()
      return (graph, session.warnings.map { Self.located($0, file) })
    } catch {
      throw error.located(file: file)
    }
  }

  private static func located(_ diagnostic: Diagnostic, _ file: String) -> Diagnostic {
    var copy = diagnostic
    if copy.origin.file.isEmpty { copy.origin.file = file }
    return copy
  }
}

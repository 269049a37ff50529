// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import ONNX

/// The options by which the commands that read models bind shapes and cut.
enum ModelOptions {
  static let dimension = CommandOption<String>(
    "-d", "--dim", text: "NAME=N", help: "the extent of a symbolic dimension (may be repeated)")
  static let shape = CommandOption<String>(
    "--shape", text: "INPUT=1x3x224x224", help: "the shape of an input (may be repeated)")
  static let inputs = CommandOption<[String]>(
    "--inputs", list: "NAME,…", help: "tensors that become the inputs: cuts the model's front off")
  static let outputs = CommandOption<[String]>(
    "--outputs", list: "NAME,…", help: "tensors that become the outputs: cuts the model's end off")

  static let assumedOpset = CommandOption<String>(
    "--assume-opset", text: "N",
    help: "reads an ONNX model by this version of the operators, whatever it says")

  static let all = [
    dimension.untyped, shape.untyped, inputs.untyped, outputs.untyped, assumedOpset.untyped,
  ]

  /// What the options say, for the importer.
  static func importOptions(_ arguments: Arguments) throws(Failure) -> ImportOptions {
    var options = ImportOptions(evaluate: ConstantEvaluation.evaluate)
    for text in try arguments.all(dimension) {
      let (name, value) = try split(text, dimension)
      guard let extent = Int(value), extent >= 0 else {
        throw Failure("'\(value)' is no extent", kind: .usage).located(subject: "option '--dim'")
      }
      options.dimensions[name] = extent
    }
    for text in try arguments.all(shape) {
      let (name, value) = try split(text, shape)
      var extents: [Int] = []
      for part in value.split(whereSeparator: { $0 == "x" || $0 == "," }) {
        guard let extent = Int(part), extent >= 0 else {
          throw Failure("'\(value)' is no shape", notes: ["write it as in 1x3x224x224"], kind: .usage)
            .located(subject: "option '--shape'")
        }
        extents.append(extent)
      }
      options.shapes[name] = extents
    }
    options.assumedOpset = try arguments[assumedOpset].map { (text) throws(Failure) in
      let known = ONNXImporter.oldestOpset...ONNXImporter.newestOpset
      guard let opset = Int(text), known.contains(opset) else {
        throw Failure(
          "'\(text)' is no opset from \(known.lowerBound) to \(known.upperBound)", kind: .usage)
          .located(subject: "option '--assume-opset'")
      }
      return opset
    }
    options.inputs = try arguments[inputs] ?? []
    options.outputs = try arguments[outputs] ?? []
    return options
  }

  private static func split(
    _ text: String, _ option: CommandOption<String>
  ) throws(Failure) -> (name: String, value: String) {
    // The last sign counts: names of tensors may hold one.
    guard let sign = text.lastIndex(where: { $0 == "=" || $0 == ":" }), sign > text.startIndex else {
      throw Failure(
        "'\(text)' is not of the form \(option.placeholder ?? "")", kind: .usage)
        .located(subject: "option '\(option.names[option.names.count - 1])'")
    }
    return (String(text[..<sign]), String(text[text.index(after: sign)...]))
  }
}

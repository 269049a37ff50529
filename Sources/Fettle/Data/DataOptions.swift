// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// The options by which commands are given data.
enum DataOptions {
  static let data = CommandOption<String>(
    "--data", text: "FILE.npz[:ARRAY][ROWS]",
    help:
      "samples, all rows or those of [:512], [100:], [::2], [::2,label=0] or but for those: [!::2]; "
      + "FILE.json beside it may say how they map to the model")
  static let calibration = CommandOption<String>(
    "--calibration-data", text: "FILE.npz[:ARRAY][ROWS]",
    help: "the samples that passes are given, where they are to be others than those of --data")
  static let array = CommandOption<String>(
    "--array", text: "[PORT=]NAME", help: "the array of samples (may be repeated, one for each input)")
  static let labels = CommandOption<String>("--labels", text: "NAME", help: "the array of labels")
  static let layout = CommandOption<ArrayMapping.Layout>(
    "--layout", word: "ORDER", help: "the order of the samples' dimensions")
  static let divide = CommandOption<Double>(
    "--divide", real: "NUMBER", help: "samples are divided by it first")
  static let mean = CommandOption<[Double]>(
    "--mean", reals: "X,…", help: "subtracted then, one for each channel")
  static let deviation = CommandOption<[Double]>(
    "--deviation", reals: "X,…", help: "divided by then, one for each channel")
  static let scale = CommandOption<String>(
    "--scale", text: "NUMBER|ARRAY", help: "quantised samples: (x - zero point) * scale")
  static let zeroPoint = CommandOption<String>(
    "--zero-point", text: "NUMBER|ARRAY", help: "quantised samples: the zero point")
  static let window = CommandOption<Int>(
    "--window", number: "ROWS", minimum: 1, help: "consecutive rows of a recording that are one sample")
  static let metric = CommandOption<Metric>(
    "--metric", word: "NAME", help: "what the samples are measured by")
  static let limit = CommandOption<Int>(
    "--limit", number: "N", minimum: 1, help: "only the first N samples of --data")

  static let all = [
    data.untyped, calibration.untyped, array.untyped, labels.untyped, layout.untyped, divide.untyped, mean.untyped,
    deviation.untyped, scale.untyped, zeroPoint.untyped, window.untyped, metric.untyped,
    limit.untyped,
  ]

  /// The description of the data: the file beside them, changed by the options.
  static func description(
    of location: DataLocation, _ arguments: Arguments, isCalibration: Bool = false
  ) throws(Failure) -> DataDescription {
    var description = DataDescription()
    let path = location.path
    let beside = String(path.dropLast(Paths.ending(of: path).count)) + "json"
    if Platform.exists(beside) {
      description = try DataDescription(
        json: try JSONValue.parse(try Platform.readText(beside), file: beside), file: beside)
    }
    let arrays = try arguments.all(array)
    if !arrays.isEmpty {
      let template = description.mappings.first ?? ArrayMapping()
      description.mappings = arrays.map { text in
        var mapping = template
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        mapping.port = parts.count == 2 ? parts[0] : nil
        mapping.array = parts[parts.count - 1]
        return mapping
      }
    }
    if description.mappings.isEmpty { description.mappings = [ArrayMapping()] }
    if let array = location.array {
      guard description.mappings.count == 1 else {
        throw Failure(
          "'\(array)' is one array, the model has several inputs",
          notes: ["name them by --array PORT=NAME"], kind: .usage)
      }
      // The labels of another array are those of other samples.
      if description.mappings[0].array != array { description.labels = nil }
      description.mappings[0].array = array
    }
    // Of two arrays the option names the labels of the one that counts.
    if let name = try arguments[labels], !isCalibration || location.array == nil {
      description.labels = name
    }
    if let metric = try arguments[metric] { description.metric = metric }
    let overrides = try Overrides(arguments)
    for i in description.mappings.indices { overrides.apply(to: &description.mappings[i]) }
    return description
  }

  /// What the options say of every array.
  private struct Overrides {
    let layout: ArrayMapping.Layout?
    let divide: Double?
    let mean: [Double]?
    let deviation: [Double]?
    let scale: String?
    let zeroPoint: String?
    let window: Int?

    init(_ arguments: Arguments) throws(Failure) {
      layout = try arguments[DataOptions.layout]
      divide = try arguments[DataOptions.divide]
      mean = try arguments[DataOptions.mean]
      deviation = try arguments[DataOptions.deviation]
      scale = try arguments[DataOptions.scale]
      zeroPoint = try arguments[DataOptions.zeroPoint]
      window = try arguments[DataOptions.window]
    }

    func apply(to mapping: inout ArrayMapping) {
      if let layout { mapping.layout = layout }
      if let divide { mapping.divide = divide }
      if let mean { mapping.mean = mean }
      if let deviation { mapping.deviation = deviation }
      if let scale { mapping.scale = parameter(scale) }
      if let zeroPoint { mapping.zeroPoint = parameter(zeroPoint) }
      if let window { mapping.window = window }
    }

    private func parameter(_ text: String) -> ArrayMapping.Parameter {
      Double(text).map { .number($0) } ?? .array(text)
    }
  }
}

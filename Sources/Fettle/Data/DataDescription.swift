// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// Where an array of a data set goes, and what is done to its numbers: in order, (x − zeroPoint) · scale, x / divide, (x − mean) / deviation.
struct ArrayMapping {
  /// The order of the array's dimensions behind the one that counts samples.
  enum Layout: String, AttributeWord {
    /// As the port has them.
    case asIs = "as-is"
    /// Channels last: they are moved to the front.
    case nhwc
  }

  /// The port; nil: the only one.
  var port: String?
  /// The array; nil: the only one that is no label.
  var array: String?
  var layout: Layout?
  var zeroPoint = Parameter.number(0)
  var scale = Parameter.number(1)
  var divide = 1.0
  /// One for each channel, or one for all.
  var mean: [Double] = []
  /// One for each channel, or one for all.
  var deviation: [Double] = []
  /// Consecutive rows that are one sample: sample k of a recording is rows k to k + window − 1. 0: a sample is an entry of the array.
  var window = 0

  /// A number, or the name of a scalar array of the data set.
  enum Parameter: Equatable {
    case number(Double)
    case array(String)
  }

  /// The mapping of samples that a model takes as they are stored.
  var withoutArithmetic: ArrayMapping {
    var mapping = ArrayMapping()
    (mapping.port, mapping.array, mapping.window) = (port, array, window)
    mapping.layout = .asIs
    return mapping
  }
}

/// What the samples of a data set are measured by.
enum Metric: String, AttributeWord {
  /// The share of samples whose largest output is the label's.
  case top1
  /// Area under the ROC curve of the mean squared difference of output and input, averaged over the windows of a recording.
  case reconstructionAUC = "reconstruction-auc"
  /// Nothing: the data have no labels.
  case none
}

/// How the arrays of a data set map to a model: the JSON file beside the data, with the options on top.
struct DataDescription {
  var mappings: [ArrayMapping] = []
  /// The array of labels; nil: `y` or `y_test` if there is one.
  var labels: String?
  var metric: Metric?

  /// Reads a description such as
  /// `{"inputs": [{"array": "x", "layout": "nhwc", "divide": 255, "mean": [0.5], "deviation": [0.2]}], "labels": "y"}`.
  init(json: JSONValue, file: String) throws(Failure) {
    try Self.check(json, ["inputs", "labels", "metric"], file)
    labels = json["labels"]?.text
    if let word = json["metric"]?.text {
      guard let metric = Metric(rawValue: word) else {
        throw Failure("metric '\(word)' is none of \(Metric.form)", at: Origin(file: file))
      }
      self.metric = metric
    }
    for item in json["inputs"]?.elements ?? [] { mappings.append(try Self.mapping(item, file)) }
  }

  /// A description that says nothing.
  init() {}

  private static func mapping(_ json: JSONValue, _ file: String) throws(Failure) -> ArrayMapping {
    try check(
      json,
      ["port", "array", "layout", "zero-point", "scale", "divide", "mean", "deviation", "window"], file)
    var mapping = ArrayMapping()
    mapping.port = json["port"]?.text
    mapping.array = json["array"]?.text
    if let word = json["layout"]?.text {
      guard let layout = ArrayMapping.Layout(rawValue: word) else {
        throw Failure("layout '\(word)' is none of \(ArrayMapping.Layout.form)", at: Origin(file: file))
      }
      mapping.layout = layout
    }
    mapping.zeroPoint = try parameter(json["zero-point"], "zero-point", file) ?? .number(0)
    mapping.scale = try parameter(json["scale"], "scale", file) ?? .number(1)
    mapping.divide = try number(json["divide"], "divide", file) ?? 1
    mapping.mean = try numbers(json["mean"], "mean", file)
    mapping.deviation = try numbers(json["deviation"], "deviation", file)
    if let window = json["window"] {
      guard let rows = window.int, rows > 0, rows < 1 << 24 else {
        throw Failure("'window' is not a positive whole number", at: Origin(file: file))
      }
      mapping.window = rows
    }
    return mapping
  }

  private static func check(
    _ json: JSONValue, _ known: [String], _ file: String
  ) throws(Failure) {
    guard let members = json.members else {
      throw Failure("expected a JSON object", at: Origin(file: file))
    }
    for member in members where !known.contains(member.name) {
      throw Failure(
        "unknown field '\(member.name)'", at: Origin(file: file),
        notes: Spelling.notes(for: member.name, among: known))
    }
  }

  private static func parameter(
    _ json: JSONValue?, _ name: String, _ file: String
  ) throws(Failure) -> ArrayMapping.Parameter? {
    if let text = json?.text { return .array(text) }
    return try number(json, name, file).map { .number($0) }
  }

  private static func number(
    _ json: JSONValue?, _ name: String, _ file: String
  ) throws(Failure) -> Double? {
    guard let json else { return nil }
    guard let number = json.double, number.isFinite else {
      throw Failure("'\(name)' is no number", at: Origin(file: file))
    }
    return number
  }

  private static func numbers(
    _ json: JSONValue?, _ name: String, _ file: String
  ) throws(Failure) -> [Double] {
    guard let json else { return [] }
    if let single = json.double { return [single] }
    var numbers: [Double] = []
    for element in json.elements ?? [] {
      guard let number = try number(element, name, file) else { continue }
      numbers.append(number)
    }
    return numbers
  }
}

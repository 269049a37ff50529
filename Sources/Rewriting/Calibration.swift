// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

/// How the values of a graph are spread over samples, by name, so that it can be saved and used
/// again: passes that choose ranges give the same graph then, byte for byte.
public struct Calibration: Equatable, Sendable {
  /// How many samples were run.
  public var sampleCount: Int
  /// The values in the order in which they were calibrated.
  public private(set) var names: [String] = []
  private var histograms: [String: ValueHistogram] = [:]

  /// A calibration of no values yet.
  public init(sampleCount: Int) { self.sampleCount = sampleCount }

  /// What is known of a value.
  public subscript(name: String) -> ValueHistogram? {
    get { histograms[name] }
    set {
      if histograms[name] == nil { names.append(name) }
      histograms[name] = newValue
    }
  }

  /// The calibration as JSON.
  public var json: JSONValue {
    let values = names.compactMap { name in
      histograms[name].map { histogram in
        JSONValue.Member(
          name,
          .object(
            [.init("low", .number(histogram.low)), .init("high", .number(histogram.high))]
              + (histogram.bins.isEmpty
                ? [] : [.init("bins", .array(histogram.bins.map { .integer($0) }))])))
      }
    }
    return .object([
      .init("calibration", 1), .init("samples", .integer(sampleCount)),
      .init("values", .object(values)),
    ])
  }

  /// Reads what `json` gives.
  ///
  /// - Throws: what is missing or no range, by value.
  public init(_ json: JSONValue, file: String) throws(Failure) {
    let origin = Origin(file: file)
    guard json["calibration"]?.int == 1, let values = json["values"]?.members,
      let count = json["samples"]?.int
    else {
      throw Failure(
        "is no calibration of this version", at: origin,
        notes: ["--save-calibration FILE writes one"])
    }
    self.init(sampleCount: count)
    for member in values {
      guard let low = member.value["low"]?.double, let high = member.value["high"]?.double,
        low <= high, low.magnitude <= Double(Float.greatestFiniteMagnitude),
        high.magnitude <= Double(Float.greatestFiniteMagnitude)
      else { throw Failure("value '\(member.name)' has no range", at: origin) }
      let bins = (member.value["bins"]?.elements ?? []).map { $0.int ?? -1 }
      // So many elements that their sum is still an Int.
      let isSound = bins.allSatisfy { $0 >= 0 && $0 < 1 << 50 }
      guard bins.isEmpty || bins.count == ValueHistogram.binCount, isSound else {
        throw Failure(
          "value '\(member.name)' does not have \(ValueHistogram.binCount) counts", at: origin)
      }
      self[member.name] = ValueHistogram(low: low, high: high, bins: bins)
    }
  }
}

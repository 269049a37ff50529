// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// The samples of one input: an array of a data set with its preprocessing.
struct SampleSource: Sendable {
  /// The number of samples.
  let count: Int
  /// Samples made of each entry of the array.
  let windowsPerEntry: Int
  /// The name of the array.
  let name: String
  private let array: Tensor
  private let type: TensorType
  /// Elements of a sample in the array, and between the starts of windows.
  private let sampleElements: Int
  private let rowElements: Int
  private let entryElements: Int
  private let channelsLast: (channels: Int, positions: Int)?
  /// What is done to the numbers.
  let arithmetic: SampleArithmetic
  /// The shape of a sample in the array.
  private let sampleExtents: [Int]

  init(
    _ mapping: ArrayMapping, _ archive: NumpyArchive, labels: String?, type: TensorType, port: String
  ) throws(Failure) {
    name = try Self.arrayName(mapping, archive, labels: labels, port: port)
    array = try archive.tensor(name)
    self.type = type
    guard array.shape.rank >= 1 else { throw Failure("array '\(name)' is a scalar") }
    let entries = array.shape[0]
    guard entries > 0 else { throw Failure("array '\(name)' \(array.type) holds no samples") }
    entryElements = array.count / entries
    guard type.shape.rank == 0 || type.shape[0] == 1 || mapping.window > 0 else {
      throw Failure(
        "input '\(port)' takes a batch of \(type.shape[0])", notes: ["samples are run one by one: bind the batch to 1"])
    }
    if mapping.window > 0 {
      guard array.shape.rank == 3, mapping.window <= array.shape[1] else {
        throw Failure("array '\(name)' \(array.type) has no windows of \(mapping.window) rows")
      }
      windowsPerEntry = array.shape[1] - mapping.window + 1
      rowElements = array.shape[2]
      sampleElements = mapping.window * rowElements
    } else {
      windowsPerEntry = 1
      rowElements = 0
      sampleElements = entryElements
    }
    guard sampleElements == type.shape.elementCount else {
      throw Failure("a sample of '\(name)' \(array.type) has \(sampleElements) elements, input '\(port)' is \(type)")
    }
    count = entries * windowsPerEntry
    channelsLast = try Self.channelsLast(mapping, array, type, port: port)
    sampleExtents =
      mapping.window > 0 ? [mapping.window, rowElements] : Array(array.shape.extents.dropFirst())
    try SampleShape.check(
      sampleExtents, of: name, mapping.layout, channelsLast: channelsLast != nil, for: type,
      port: port)
    let channels = type.shape.rank >= 2 ? type.shape[1] : 1
    arithmetic = try SampleArithmetic(mapping, archive, channels: channels, elements: sampleElements)
  }

  /// The type of a stored sample as a batch of one.
  var rawType: TensorType {
    TensorType(array.element, Shape([1] + sampleExtents) ?? type.shape)
  }

  /// How the axes of a stored sample are brought into the port's order; nil if they are.
  var permutation: [Int]? {
    guard channelsLast != nil else { return nil }
    let rank = array.shape.rank
    return [0, rank - 1] + (1..<rank - 1)
  }

  /// The tensor of a sample.
  ///
  /// - Throws: if a number of it is NaN, or becomes infinite by the preprocessing: nothing can be
  ///   measured by such samples. What is infinite as it comes is meant (masks of attention).
  func sample(_ i: Int) throws(Failure) -> Tensor {
    let start = i / windowsPerEntry * entryElements + i % windowsPerEntry * rowElements
    let bits = array.element.bitCount
    guard bits % 8 == 0 else { throw Failure("samples of \(array.element.rawValue) are not taken") }
    let bytes = array.bytes[start * bits / 8..<(start + sampleElements) * bits / 8]
    guard let shape = Shape([sampleElements]),
      var sample = Tensor(TensorType(array.element, shape), bytes: bytes)
    else { unreachable("a sample is part of the array") }
    if let (channels, positions) = channelsLast {
      sample = Self.channelsToFront(sample, channels: channels, positions: positions)
    }
    let isFinite = sample.isFinite
    guard isFinite || !sample.holdsNaN else { throw unsound(i) }
    if arithmetic.isIdentity, sample.element == type.element {
      return sample.reshaped(to: type.shape) ?? sample
    }
    let result = arithmetic.apply(to: sample, as: type)
    guard isFinite ? result.isFinite : !result.holdsNaN else {
      throw unsound(i, " behind the preprocessing")
    }
    return result
  }

  private func unsound(_ i: Int, _ place: String = "") -> Failure {
    let row = i / windowsPerEntry
    return Failure(
      "row \(row) of '\(name)' holds a number that is not finite\(place)",
      notes: ["nothing can be measured by it; [!\(row)] behind the file's name leaves it out"])
  }

  private static func arrayName(
    _ mapping: ArrayMapping, _ archive: NumpyArchive, labels: String?, port: String
  ) throws(Failure) -> String {
    if let name = mapping.array {
      guard archive.names.contains(name) else {
        throw Failure("there is no array '\(name)'", notes: Spelling.notes(for: name, among: archive.names))
      }
      return name
    }
    let candidates = archive.names.filter { $0 != labels }
    if candidates.contains(port) { return port }
    if let test = ["x", "x_test"].first(where: { candidates.contains($0) }) { return test }
    guard candidates.count == 1 else {
      throw Failure(
        "which array is input '\(port)'?", notes: ["say it by --array NAME; arrays: " + candidates.joined(separator: ", ")])
    }
    return candidates[0]
  }

  /// Channels and positions of samples whose channels come last, if they are to be moved to the front.
  private static func channelsLast(
    _ mapping: ArrayMapping, _ array: Tensor, _ type: TensorType, port: String
  ) throws(Failure) -> (Int, Int)? {
    let sample = Array(array.shape.extents.dropFirst())
    let wanted = Array(type.shape.extents.dropFirst())
    guard sample.count == wanted.count, sample.count >= 2, mapping.window == 0 else { return nil }
    let moved = [sample[sample.count - 1]] + sample.dropLast()
    let isLast: Bool
    switch mapping.layout {
    case .asIs: isLast = false
    case .nhwc: isLast = moved == wanted
    case nil: isLast = sample != wanted && moved == wanted
    }
    if mapping.layout == .nhwc, moved != wanted, sample != wanted {
      throw Failure("samples \(sample.text) with channels last do not fit input '\(port)' \(type)")
    }
    guard isLast, moved[0] > 0 else { return nil }
    return (moved[0], sample.reduce(1, *) / moved[0])
  }

  private static func channelsToFront(
    _ sample: Tensor, channels: Int, positions: Int
  ) -> Tensor {
    let size = sample.element.bitCount / 8
    let bytes = sample.bytes.withUnsafeBytes { source in
      Bytes(count: source.count) { out in
        for c in 0..<channels {
          for p in 0..<positions {
            for b in 0..<size {
              out[(c * positions + p) * size + b] = source[(p * channels + c) * size + b]
            }
          }
        }
      }
    }
    return Tensor(sample.type, bytes: bytes) ?? sample
  }
}

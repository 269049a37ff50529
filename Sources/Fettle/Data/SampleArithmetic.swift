// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// The arithmetic of preprocessing, each step rounded to f32 as frameworks do it: (x − zeroPoint) · scale, then x / divide, then
/// (x − mean) / deviation for each channel.
struct SampleArithmetic: Sendable {
  let zeroPoint: Float
  let scale: Float
  let divide: Float
  /// One for each channel.
  let mean: [Float]
  /// One for each channel.
  let deviation: [Float]
  private let elementsPerChannel: Int

  init(
    _ mapping: ArrayMapping, _ archive: NumpyArchive, channels: Int, elements: Int
  ) throws(Failure) {
    zeroPoint = try Self.number(mapping.zeroPoint, archive)
    scale = try Self.number(mapping.scale, archive)
    divide = Float(mapping.divide)
    guard divide != 0 else { throw Failure("samples cannot be divided by 0") }
    mean = try Self.perChannel(mapping.mean, 0, channels, "mean")
    deviation = try Self.perChannel(mapping.deviation, 1, channels, "deviation")
    guard deviation.allSatisfy({ $0 != 0 }) else { throw Failure("a deviation is 0") }
    elementsPerChannel = max(elements / max(channels, 1), 1)
  }

  /// Whether numbers stay as they are.
  var isIdentity: Bool {
    zeroPoint == 0 && scale == 1 && divide == 1 && mean.allSatisfy { $0 == 0 }
      && deviation.allSatisfy { $0 == 1 }
  }

  /// The arithmetic as (x − zeroPoint) · scale, if it is that for all channels.
  var affine: (scale: Float, zeroPoint: Int)? {
    guard mean.allSatisfy({ $0 == 0 }), let first = deviation.first,
      deviation.allSatisfy({ $0 == first }), let zeroPoint = Int(exactly: zeroPoint)
    else { return nil }
    return (scale / divide / first, zeroPoint)
  }

  /// A sample with channels in front as a tensor of the type.
  func apply(to sample: Tensor, as type: TensorType) -> Tensor {
    let values = sample.doubles()
    let results = values.indices.map { i -> Double in
      let channel = min(i / elementsPerChannel, mean.count - 1)
      let x = (Float(values[i]) - zeroPoint) * scale / divide
      return Double((x - mean[channel]) / deviation[channel])
    }
    return Tensor(type, rounding: results)
  }

  private static func number(
    _ parameter: ArrayMapping.Parameter, _ archive: NumpyArchive
  ) throws(Failure) -> Float {
    switch parameter {
    case .number(let number): return Float(number)
    case .array(let name):
      guard archive.names.contains(name) else {
        throw Failure("there is no array '\(name)'", notes: Spelling.notes(for: name, among: archive.names))
      }
      guard let number = try archive.tensor(name).doubles().first else {
        throw Failure("array '\(name)' is empty")
      }
      return Float(number)
    }
  }

  private static func perChannel(
    _ list: [Double], _ neutral: Float, _ channels: Int, _ what: String
  ) throws(Failure) -> [Float] {
    if list.isEmpty { return Array(repeating: neutral, count: max(channels, 1)) }
    if list.count == 1 { return Array(repeating: Float(list[0]), count: max(channels, 1)) }
    guard list.count == channels else {
      throw Failure("\(list.count) numbers for '\(what)', the input has \(channels) channels")
    }
    return list.map { Float($0) }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import LoopIR
import Tensors

/// The input channels that a tile of output channels reads when channels are in groups. A tile may touch several groups; then it
/// reads the channels of all of them, with weights of 0 for those of other groups.
struct GroupedChannels {
  let shape: ConvolutionShape
  /// Output channels in a tile.
  let factor: Int

  /// The first group of a tile.
  private func firstGroup(_ tile: Int) -> Int { tile * factor / shape.outputs }

  /// Input channels that a tile reads.
  var window: Int {
    guard shape.groups > 1 else { return shape.inputs }
    let total = shape.outputs * shape.groups
    let groups = (0..<(total + factor - 1) / factor).map { tile in
      (min((tile + 1) * factor, total) - 1) / shape.outputs - firstGroup(tile) + 1
    }
    return (groups.max() ?? 1) * shape.inputs
  }

  /// The first input channel of the tile that starts at an output channel.
  func start(at channel: Index) -> Index {
    shape.groups == 1 ? Index(0) : channel.quotient(by: shape.outputs) * shape.inputs
  }

  /// How many of the window's channels, from its first one on, exist: fewer at the end.
  func count(from start: Index) -> Bound {
    .smallest([Index(window), Index(shape.inputs * shape.groups) - start])
  }

  /// How often as many products as needed are computed.
  var excess: Double { Double(window) / Double(shape.inputs) }

  /// The weights as seen from the tiles: for each output channel its tile's window of input channels.
  func expanded(_ weight: Tensor) -> Tensor? {
    let taps = weight.shape.extents.dropFirst(2).reduce(1, *)
    let window = self.window
    guard window != shape.inputs, weight.element == .f32,
      let extents = Shape([weight.shape[0], window] + weight.shape.extents.dropFirst(2))
    else { return nil }
    let bytes = weight.bytes.withUnsafeBytes { source in
      Packing.generate(count: extents.elementCount) { (position: Int) -> Float in
        let (channel, rest) = position.quotientAndRemainder(dividingBy: window * taps)
        let (input, tap) = rest.quotientAndRemainder(dividingBy: taps)
        let first = firstGroup(channel / factor)
        let own = input - (channel / shape.outputs - first) * shape.inputs
        guard own >= 0, own < shape.inputs else { return 0 }
        let element = (channel * shape.inputs + own) * taps + tap
        return source.loadUnaligned(fromByteOffset: element * 4, as: Float.self)
      }
    }
    return Tensor(TensorType(.f32, extents), bytes: bytes)
  }
}

// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// Where the channels of a layer's result lie in a value that was made of it: position p of the
/// axis holds channel p / repeats.
struct ChannelPlace: Equatable {
  var axis: Int
  var repeats: Int

  /// The place after the elements got another shape in the same order.
  func reshaped(from old: Shape, to new: Shape) -> ChannelPlace? {
    // The channel of an element is its number in row-major order / inner % channels.
    let inner = old.extents[(axis + 1)...].reduce(1, *)
    let (block, whole) = (inner * repeats, inner * old[axis])
    var rest = 1
    for candidate in new.extents.indices.reversed() {
      if rest > 0, block % rest == 0, rest * new[candidate] == whole {
        return ChannelPlace(axis: candidate, repeats: block / rest)
      }
      rest *= new[candidate]
    }
    return nil
  }
}

/// An op behind a layer through which its channels pass each by itself, so that a factor above zero
/// on a channel of the operand is the same factor on a channel of the result.
protocol ScalableOp: OpDefinition {
  /// The place of the channels in the result.
  ///
  /// - Parameter slot: the operand that they come in.
  func carry(_ place: ChannelPlace, slot: Int, _ op: ChannelOp) throws(Declined) -> ChannelPlace

  /// Whether a number above zero that is taken from a channel of the operand is missing in that of
  /// the result, as long as the elements stay above zero.
  var carriesShift: Bool { get }
}

extension Unary: ScalableOp {
  var carriesShift: Bool { true }

  func carry(_ place: ChannelPlace, slot: Int, _ op: ChannelOp) throws(Declined) -> ChannelPlace {
    switch function {
    case .relu, .leakyRelu: return place
    case .clip where alpha == 0 && beta == .infinity: return place
    case .clip:
      throw Declined("clip to \(alpha) … \(beta) is another function at another scale")
    default: throw Declined("\(function.rawValue) is another function at another scale")
    }
  }
}

extension Binary: ScalableOp {
  var carriesShift: Bool { true }

  func carry(_ place: ChannelPlace, slot: Int, _ op: ChannelOp) throws(Declined) -> ChannelPlace {
    guard function == .prelu, slot == 0, op.tensor(1) != nil, op.type(0) == op.result else {
      throw Declined("\(function.rawValue) joins it with another value")
    }
    return place
  }
}

extension Pool: ScalableOp {
  /// Of a mean that counts padding a part would be missing; a sum has as many as there are elements.
  var carriesShift: Bool {
    switch kind {
    case .max: true
    case .average: !countPadding
    case .sum: false
    }
  }

  func carry(_ place: ChannelPlace, slot: Int, _ op: ChannelOp) throws(Declined) -> ChannelPlace {
    guard place.axis < 2 else { throw Declined("the pool takes several channels together") }
    return place
  }
}

extension Reduce: ScalableOp {
  var carriesShift: Bool { kind != .sum && kind != .l2 }

  func carry(_ place: ChannelPlace, slot: Int, _ op: ChannelOp) throws(Declined) -> ChannelPlace {
    switch kind {
    case .sum, .mean, .max, .min, .l2: break
    case .l1, .product, .logSum, .logSumExp, .sumOfSquares:
      throw Declined("reduce to \(kind.rawValue) is another function at another scale")
    }
    guard !axes.contains(place.axis) else { throw Declined("reduce joins the channels") }
    var result = place
    if !keepDimensions { result.axis -= axes.count { $0 < place.axis } }
    return result
  }
}

extension Reshape: ScalableOp {
  var carriesShift: Bool { true }

  func carry(_ place: ChannelPlace, slot: Int, _ op: ChannelOp) throws(Declined) -> ChannelPlace {
    guard let old = op.type(0)?.shape, let new = place.reshaped(from: old, to: op.result.shape)
    else { throw Declined("reshape mixes the channels with other axes") }
    return new
  }
}

extension Transpose: ScalableOp {
  var carriesShift: Bool { true }

  func carry(_ place: ChannelPlace, slot: Int, _ op: ChannelOp) throws(Declined) -> ChannelPlace {
    guard let axis = permutation.firstIndex(of: place.axis) else {
      throw Declined("the channels have no axis")
    }
    return ChannelPlace(axis: axis, repeats: place.repeats)
  }
}

extension Pad: ScalableOp {
  /// What stands in the padding stays.
  var carriesShift: Bool { mode != .constant }

  func carry(_ place: ChannelPlace, slot: Int, _ op: ChannelOp) throws(Declined) -> ChannelPlace {
    guard before[place.axis] == 0, after[place.axis] == 0 else {
      throw Declined("pad adds channels")
    }
    guard mode != .constant || op.value(1) == nil || op.tensor(1)?.uniformValue == 0 else {
      throw Declined("the padding is not zero")
    }
    return place
  }
}

extension Resize: ScalableOp {
  /// The weights of the taps need not sum to one.
  var carriesShift: Bool { mode == .nearest }

  func carry(_ place: ChannelPlace, slot: Int, _ op: ChannelOp) throws(Declined) -> ChannelPlace {
    guard op.type(0)?.shape[place.axis] == op.result.shape[place.axis],
      coordinates != .tfCropAndResize
    else { throw Declined("resize puts other numbers between") }
    return place
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import LoopIR
import Tensors

/// What a pool computes at one position.
struct PoolBody {
  /// A result position along the spatial axes.
  struct Place {
    let position: [Index]
    /// Whether the window lies inside the input along the last axis.
    let isInterior: Bool
  }

  let axes: [SpatialAxis]
  let kind: PoolKind
  let countsPadding: Bool
  /// The type that is computed in.
  let type: ValueType
  let x: TensorParameter

  /// Loops over the result's positions; those whose windows are inside along the last axis come apart from the others.
  func positions(_ k: inout KernelBuilder, _ body: (inout KernelBuilder, Place) -> Void) {
    k.loops(["oz", "oy"].suffix(axes.count - 1), axes.dropLast().map(\.output)) { k, outer in
      for segment in axes[axes.count - 1].segments {
        k.loop("ox", segment.range) { k, ox in
          body(&k, Place(position: outer + [ox], isInterior: segment.isInterior))
        }
      }
    }
  }

  /// The bounds of a window's taps along an axis.
  func taps(_ place: Place, axis: Int) -> (from: Bound, to: Bound) {
    if place.isInterior, axis == axes.count - 1 {
      return (Bound(0), Bound(Index(axes[axis].kernel)))
    }
    return axes[axis].taps(at: place.position[axis])
  }

  /// The input coordinates that taps read.
  func source(_ channels: [Index], _ place: Place, _ taps: [Index]) -> [Index] {
    channels
      + zip(axes.indices, taps).map { axes[$0].coordinate(place.position[$0], tap: $1) }
  }

  /// Loops over the taps inside the input.
  func taps(
    _ place: Place, _ k: inout KernelBuilder, _ body: (inout KernelBuilder, [Index]) -> Void
  ) {
    func nest(_ k: inout KernelBuilder, _ taps: [Index]) {
      guard taps.count < axes.count else { return body(&k, taps) }
      let axis = taps.count
      let bounds = self.taps(place, axis: axis)
      let extent = axes[axis].kernel
      if bounds.from.constantValue == 0, bounds.to.constantValue == extent {
        k.loop("k\(axis)", 0..<extent, extent <= 4 ? .unrolled : .serial) { k, tap in
          nest(&k, taps + [tap])
        }
        return
      }
      k.loop("k\(axis)", from: bounds.from, to: bounds.to, within: 0..<extent) { k, tap in
        nest(&k, taps + [tap])
      }
    }
    nest(&k, [])
  }

  /// The maximum, mean or sum of the window of some channels.
  func pooled(_ channels: [Index], _ place: Place, _ k: inout KernelBuilder) -> Expression {
    let first: Expression =
      kind == .max ? type.element.lowest(type) : .constant(0, like: type)
    let sum = k.registers("acc", initial: first)
    taps(place, &k) { k, taps in
      let load = k.load(x, source(channels, place, taps), lanes: type.lanes)
      let number = k.bind("x", load.converted(to: type.element))
      let old = Expression.register(sum, [])
      k.set(sum, [], kind == .max ? Self.larger(number, old) : old + number)
    }
    let result = Expression.register(sum, [])
    return kind == .average ? result / divisor(place, &k).splat(type.lanes) : result
  }

  /// The larger of two numbers; a NaN is larger than all.
  static func larger(_ new: Expression, _ old: Expression) -> Expression {
    guard new.type.element.isFloat else { return .binary(.maximum, old, new) }
    let wins = Expression.binary(.or, .binary(.greater, new, old), .unary(.isNaN, new))
    return .select(wins, new, old)
  }

  /// The number of positions that a mean divides by.
  private func divisor(_ place: Place, _ k: inout KernelBuilder) -> Expression {
    var constant = 1
    var product: Expression?
    // Neither a position along the window nor the number of them is larger.
    let largest = Checked.product(axes.map { max($0.kernel, $0.input + $0.before + $0.after) })
    let counter = largest.size(upTo: Int(Int32.max)) == nil ? ElementType.i64 : .i32
    for axis in axes.indices {
      let (from, to) = countsPadding
        ? (Bound(0), axes[axis].paddedTaps(at: place.position[axis]))
        : taps(place, axis: axis)
      if let a = from.constantValue, let b = to.constantValue {
        constant *= max(b - a, 0)
        continue
      }
      var count = to.value(.minimum, counter) - from.value(.maximum, counter)
      if !countsPadding, max(axes[axis].before, axes[axis].after) >= axes[axis].span {
        // The window can lie in the padding as a whole, and either bound on the wrong side of the other.
        count = .binary(.maximum, count, .constant(0, like: ValueType(counter)))
      }
      product = product.map { $0 * count } ?? count
    }
    let number = ValueType(type.element)
    guard let product else { return .constant(Double(constant), like: number) }
    let count = product.converted(to: type.element) * .constant(Double(constant), like: number)
    return k.bind("count", count)
  }
}

extension ElementType {
  /// What no number of the type is smaller than.
  func lowest(_ type: ValueType) -> Expression {
    if isFloat { return .float(-.infinity, type) }
    return .integer(integerRange?.lowerBound ?? 0, type)
  }
}

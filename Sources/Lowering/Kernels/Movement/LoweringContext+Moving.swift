// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors

extension LoweringContext {
  /// Adds the steps that copy a tensor to another place or layout.
  public mutating func move(_ source: TensorView, to target: TensorView) {
    let shape = target.layout.type.shape
    rearrange(source, to: target, (0..<shape.rank).map { SourceAxis($0, count: shape[$0]) })
  }

  /// Adds the steps that write each position of a tensor from the position of another that `axes`,
  /// one for each dimension of the target, say.
  mutating func rearrange(
    _ source: TensorView, to target: TensorView, _ axes: [SourceAxis],
    fill: Rearrangement.Fill = .number(0)
  ) {
    let (from, to) = (source.layout, target.layout)
    // Along a split dimension only what stays in its block is simple.
    let passes = (0..<to.type.shape.rank).map { d in
      from.type.shape.rank == to.type.shape.rank && from.type.shape[d] == to.type.shape[d]
        && axes[d].isIdentity(of: d, extent: to.type.shape[d])
    }
    if !from.splitDimensions.allSatisfy({ $0 < passes.count && passes[$0] }) {
      let plain = relayout(source, to: .rowMajor(from.type))
      return rearrange(plain, to: target, axes, fill: fill)
    }
    if !to.splitDimensions.allSatisfy({ passes[$0] }) {
      let plain = scratch(.rowMajor(to.type), name: roots[target.root].name)
      rearrange(source, to: plain, axes, fill: fill)
      return move(plain, to: target)
    }
    Rearrangement.add(source, to: target, axes, fill: fill, in: &self)
  }
}

extension BufferLayout {
  /// The dimensions that lie in blocks.
  fileprivate var splitDimensions: [Int] {
    axes.compactMap { if case .outer = $0.part { $0.dimension } else { nil } }
  }
}

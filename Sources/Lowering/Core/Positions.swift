// SPDX-License-Identifier: Apache-2.0
public import LoopIR
import Tensors

extension KernelBuilder {
  /// Loops over all positions of a tensor in the order in which they lie in memory.
  public mutating func positions(
    of layout: BufferLayout, _ body: (inout KernelBuilder, [Index]) -> Void
  ) {
    positions(of: layout, within: layout.type.shape.extents.map { 0..<$0 }, body)
  }

  /// Loops over a box of a tensor in the order in which its positions lie in memory. A split dimension must be whole; its last
  /// block is cut to the extent.
  public mutating func positions(
    of layout: BufferLayout, within ranges: [Range<Int>],
    _ body: (inout KernelBuilder, [Index]) -> Void
  ) {
    guard ranges.allSatisfy({ !$0.isEmpty }) else { return }
    nest(layout, 0, ranges.map { _ in Index(0) }, ranges, body)
  }

  private mutating func nest(
    _ layout: BufferLayout, _ depth: Int, _ position: [Index], _ ranges: [Range<Int>],
    _ body: (inout KernelBuilder, [Index]) -> Void
  ) {
    guard depth < layout.axes.count else { return body(&self, position) }
    let axis = layout.axes[depth]
    let range = ranges[axis.dimension]
    func run(_ k: inout KernelBuilder, _ turns: Range<Int>, scale: Int) {
      k.loop("d\(axis.dimension)", turns) { k, i in
        var next = position
        next[axis.dimension] = next[axis.dimension] + i * scale
        k.nest(layout, depth + 1, next, ranges, body)
      }
    }
    switch axis.part {
    case .whole: run(&self, range, scale: 1)
    case .outer(let factor):
      let full = range.upperBound / factor
      run(&self, 0..<full, scale: factor)
      // The last, partly filled block has the same nest with fewer inner positions.
      if range.upperBound % factor != 0 { run(&self, full..<full + 1, scale: factor) }
    case .inner(let factor):
      let isCut = position[axis.dimension].range.upperBound + factor > range.upperBound
      run(&self, 0..<(isCut ? range.upperBound % factor : factor), scale: 1)
    }
  }
}

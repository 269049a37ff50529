// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import LoopIR
import Targets
import Tensors

/// Chooses where the elements of each group's result lie.
struct LayoutAssignment {
  private(set) var layouts: [ValueID: BufferLayout] = [:]
  /// The number that readers wish in the border of a value, where it is not 0.
  private(set) var borders: [ValueID: Int64] = [:]

  init(_ graph: Graph, groups: [FusionGroup], target: Target) {
    let halos = halos(in: graph, groups: groups, target: target)
    for group in groups {
      let slots = graph.operands(of: group.anchor)
      let wish = group.lowering.wish(group.anchor, in: graph, on: target)
      for result in graph.results(of: group.last) {
        layouts[result] = layout(
          graph.type(of: result), wish, slots, halo: halos[result], graph: graph, target: target)
      }
    }
  }

  private func layout(
    _ type: TensorType, _ wish: LayoutWish, _ slots: [ValueID?], halo: [BufferLayout.Halo]?,
    graph: Graph, target: Target
  ) -> BufferLayout {
    let isBlocked: Bool
    switch wish {
    case .rowMajor: isBlocked = false
    case .blockedChannels: isBlocked = true
    case .like(let slot):
      let source = slot < slots.count ? slots[slot].flatMap { layouts[$0] } : nil
      isBlocked = source.map { $0.isReordered } ?? false
    }
    return ChannelBlocks.layout(type, blocked: isBlocked, halo: halo, on: target)
  }

  /// For each value the largest border that a reader wishes around it.
  private mutating func halos(
    in graph: Graph, groups: [FusionGroup], target: Target
  ) -> [ValueID: [BufferLayout.Halo]] {
    var halos: [ValueID: [BufferLayout.Halo]] = [:]
    for group in groups {
      for (slot, value) in graph.operands(of: group.anchor).enumerated() {
        guard let value,
          let wish = group.lowering.halo(group.anchor, slot: slot, in: graph, on: target)
        else { continue }
        let known = halos[value] ?? wish
        // Where readers differ, the first has its way and the others copy.
        if halos[value] == nil {
          borders[value] = group.lowering.border(group.anchor, slot: slot, in: graph, on: target)
        }
        let joined = zip(known, wish).map { a, b in
          BufferLayout.Halo(before: max(a.before, b.before), after: max(a.after, b.after))
        }
        // Wide along one axis for one reader and along another for the next: both copies together take less.
        let shape = graph.type(of: value).shape
        let (whole, first, second) = (
          BufferLayout.Halo.elements(of: joined, around: shape),
          BufferLayout.Halo.elements(of: known, around: shape),
          BufferLayout.Halo.elements(of: wish, around: shape)
        )
        let apart = first + second + Checked(shape.elementCount)
        guard let whole = whole.value, let apart = apart.value else { continue }
        halos[value] = whole <= apart ? joined : known
      }
    }
    return halos
  }
}

/// The layouts that kernels like whose vectors run along the channels, dimension 1.
enum ChannelBlocks {
  /// Such a layout if wished, the tensor has channels, and the target computes its elements that way; else row-major.
  static func layout(
    _ type: TensorType, blocked: Bool, halo: [BufferLayout.Halo]? = nil, on target: Target
  ) -> BufferLayout {
    let shape = type.shape
    guard blocked, shape.rank >= 3 else { return .rowMajor(type, halo: halo) }
    let form = DotForm(type.element, on: target)
    let lanes = type.element == .f32 ? target.lanes(32) : form?.lanes(on: target) ?? 1
    // Where each channel is one number, row-major order has the channels side by side anyway.
    let isPoint = shape.extents.dropFirst(2).allSatisfy { $0 == 1 } && halo == nil
    if isPoint, lanes == 1 || shape[1] % lanes == 0 { return .rowMajor(type) }
    if form == .words { return .channelsLast(type, halo: halo) }
    guard lanes > 1 else { return .rowMajor(type, halo: halo) }
    return .blocked(type, dimension: 1, factor: lanes, halo: halo)
  }
}

extension BufferLayout {
  /// Row-major order but for the channels (dimension 1), which are innermost.
  static func channelsLast(_ type: TensorType, halo: [Halo]? = nil) -> BufferLayout {
    let outer = (0..<type.shape.rank).filter { $0 != 1 } + [1]
    return BufferLayout(type, order: outer.map { ($0, .whole) }, halo: halo)
  }

  /// Whether the axes are others than in row-major order.
  fileprivate var isReordered: Bool {
    axes.enumerated().contains { $1.dimension != $0 || $1.part != .whole }
  }
}

// SPDX-License-Identifier: Apache-2.0
import GraphIR
import LoopIR
import Targets
import Tensors

/// Chooses where the elements of each group's result lie.
struct LayoutAssignment {
  private(set) var layouts: [ValueID: BufferLayout] = [:]

  init(_ graph: Graph, groups: [FusionGroup], target: Target) {
    let halos = Self.halos(in: graph, groups: groups, target: target)
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
      isBlocked = source.map { $0.axes.contains { $0.part != .whole } } ?? false
    }
    return ChannelBlocks.layout(type, blocked: isBlocked, halo: halo, on: target)
  }

  /// For each value the largest border that a reader wishes around it.
  private static func halos(
    in graph: Graph, groups: [FusionGroup], target: Target
  ) -> [ValueID: [BufferLayout.Halo]] {
    var halos: [ValueID: [BufferLayout.Halo]] = [:]
    for group in groups {
      for (slot, value) in graph.operands(of: group.anchor).enumerated() {
        guard let value,
          let wish = group.lowering.halo(group.anchor, slot: slot, in: graph, on: target)
        else { continue }
        let known = halos[value] ?? wish
        halos[value] = zip(known, wish).map { a, b in
          BufferLayout.Halo(before: max(a.before, b.before), after: max(a.after, b.after))
        }
      }
    }
    return halos
  }
}

/// The layout that kernels by vectors over channels like: blocks of the target's lanes along dimension 1.
enum ChannelBlocks {
  /// Blocked if wished, and if the target has vectors for the elements and the tensor has channels; else row-major.
  static func layout(
    _ type: TensorType, blocked: Bool, halo: [BufferLayout.Halo]? = nil, on target: Target
  ) -> BufferLayout {
    let lanes = type.element == .f32 ? target.lanes(32) : 1
    let hasChannels = type.shape.rank >= 3
    // Where each channel is one number, row-major order has the channels side by side anyway.
    let isVector = hasChannels && type.shape.extents.dropFirst(2).allSatisfy { $0 == 1 }
      && type.shape[1] % max(lanes, 1) == 0
    guard blocked, lanes > 1, hasChannels, !isVector || halo != nil else {
      return .rowMajor(type, halo: halo)
    }
    return .blocked(type, dimension: 1, factor: lanes, halo: halo)
  }
}

// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors

extension LoweringContext {
  /// Adds a step that sets the halo of a tensor to the number of its root, if it has one.
  mutating func fillHalo(of view: TensorView) {
    let layout = view.layout
    let value = Double(border(of: view))
    guard layout.halo.contains(where: { $0 != .none }) else { return }
    var k = KernelBuilder("border")
    let y = k.output("y", view)
    let type = ValueType(layout.type.element.computed)
    let shape = layout.type.shape
    // One slab for each side of each dimension; dimensions in front of it are whole, those behind include their halo.
    for dimension in 0..<shape.rank {
      let halo = layout.halo[dimension]
      let sides = [-halo.before..<0, shape[dimension]..<shape[dimension] + halo.after]
      for side in sides where !side.isEmpty {
        var ranges = (0..<shape.rank).map { d in
          d < dimension ? 0..<shape[d] : -layout.halo[d].before..<shape[d] + layout.halo[d].after
        }
        ranges[dimension] = side
        k.positions(of: y.layout, within: ranges) { k, position in
          k.store(y, position, .constant(value, like: type))
        }
      }
    }
    add(k, [y])
  }
}

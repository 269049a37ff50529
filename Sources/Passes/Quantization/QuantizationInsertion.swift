// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Puts the pairs of quantize and dequantize into a graph.
struct QuantizationInsertion {
  let grids: [ValueID: IntegerGrid]
  let plan: QuantizationPlan
  let pass: QuantizeModel

  func apply(to graph: inout Graph) {
    let order = graph.opIDs
    var positions = SideTable<OpRecord, Int>(default: -1)
    for (position, op) in order.enumerated() { positions[op] = position }
    graph.rewrite { rw in
      // Layers first: the grids of their inputs are looked up by the values as they are.
      for layer in plan.layers { quantize(layer, &rw) }
      for value in plan.values + plan.followers.map(\.value) {
        guard let grid = grids[value] else { continue }
        let next = rw.graph.producer(of: value).map { positions[$0] + 1 } ?? 0
        rw.insertionPoint = next < order.count ? order[next] : nil
        addPair(value, grid, &rw)
      }
      rw.insertionPoint = nil
    }
  }

  private func addPair(_ value: ValueID, _ grid: IntegerGrid, _ rw: inout Rewriter) {
    let name = rw.graph.name(of: value)
    let location =
      rw.graph.producer(of: value).map { rw.graph.location(of: $0) } ?? Location([name])
    let scale = constant(Tensor(scalar: Double(grid.scale), .f32), name, "scale", &rw)
    let zero = constant(
      Tensor(scalar: Double(grid.zeroPoint), grid.element), name, "zero_point", &rw)
    var quantize = Quantize()
    quantize.to = grid.element
    let integers = insert(quantize, [value, scale, zero], location, name, "q", &rw)
    let floats = insert(Dequantize(), [integers, scale, zero], location, name, "dq", &rw)
    rw.replaceAllUses(of: value, with: floats)
    if let op = rw.graph.producer(of: integers) { rw.setOperand(of: op, slot: 0, to: value) }
  }

  private func quantize(_ layer: QuantizationPlan.Layer, _ rw: inout Rewriter) {
    let operands = rw.graph.operands(of: layer.op)
    guard let input = operands[0], let grid = grids[input], let weight = operands[1],
      let tensor = rw.graph.tensor(weight)
    else { return }
    let bias = operands.count > 2 ? operands[2] : nil
    let integers = LayerQuantization(
      tensor, bias.flatMap { rw.graph.tensor($0) }, axis: layer.axis,
      WeightGrids(
        element: pass.weightElement(of: layer, in: rw.graph), range: pass.weightRanges,
        scales: pass.scales),
      perChannel: pass.perChannel, input: grid)
    rw.insertionPoint = layer.op
    let location = rw.graph.location(of: layer.op)
    replace(
      1, of: layer.op, weight, integers.weight, integers.weightScale, axis: layer.axis, location,
      rounds: pass.rounding == .nearest, &rw)
    // A bias has so small a step that its rounding is of no account.
    if let bias, let tensor = integers.bias, let scale = integers.biasScale {
      replace(2, of: layer.op, bias, tensor, scale, axis: 0, location, rounds: true, &rw)
    }
  }

  /// Puts a dequantize of integers into an operand slot; these are a constant, or left to a
  /// `quantize` of the floats.
  private func replace(
    _ slot: Int, of op: OpID, _ old: ValueID, _ tensor: Tensor, _ scale: Tensor, axis: Int,
    _ location: Location, rounds: Bool, _ rw: inout Rewriter
  ) {
    let name = rw.graph.name(of: old)
    let axis = scale.shape.rank == 0 ? 1 : axis
    var dequantize = Dequantize()
    dequantize.axis = axis
    let steps = constant(scale, name, "scale", &rw)
    let integers: ValueID
    if rounds {
      integers = constant(tensor, name, "q", &rw)
    } else {
      var quantize = Quantize()
      quantize.to = tensor.element
      quantize.axis = axis
      integers = insert(quantize, [old, steps], location, name, "q", &rw)
    }
    let value = insert(dequantize, [integers, steps], location, name, "dq", &rw)
    rw.setOperand(of: op, slot: slot, to: value)
  }

  private func constant(
    _ tensor: Tensor, _ name: String, _ suffix: String, _ rw: inout Rewriter
  ) -> ValueID {
    rw.addConstant(tensor, name: name.isEmpty ? "" : "\(name)_\(suffix)")
  }

  private func insert(
    _ definition: any OpDefinition, _ operands: [ValueID?], _ location: Location, _ name: String,
    _ suffix: String, _ rw: inout Rewriter
  ) -> ValueID {
    guard let result = try? rw.insert(definition, operands, location: location)[0] else {
      unreachable("a grid fits the value that it was made for")
    }
    if !name.isEmpty { rw.setName(of: result, to: "\(name)_\(suffix)") }
    return result
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

extension Resize: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
    let extents = try op.type(0).shape.extents
    var attributes = [
      AttributeProto("mode", text: mode.rawValue),
      AttributeProto("coordinate_transformation_mode", text: coordinates.rawValue),
      AttributeProto("nearest_mode", text: rounding.rawValue),
      AttributeProto("cubic_coeff_a", Float(cubic)),
      AttributeProto("exclude_outside", excludeOutside),
    ]
    if antialias { attributes.append(AttributeProto("antialias", true)) }
    var region = ""
    if coordinates == .tfCropAndResize {
      region = try op.floats(regionOfInterest)
      attributes.append(AttributeProto("extrapolation_value", extrapolation))
    }
    // The sizes say it exactly if the scales are their quotients; else the scales must give the
    // sizes.
    let areQuotients = extents.indices.allSatisfy {
      extents[$0] > 0 && scales[$0] == Double(sizes[$0]) / Double(extents[$0])
    }
    if areQuotients, coordinates != .tfCropAndResize {
      op.finish("Resize", [op.operand(0), region, "", try op.ints(sizes)], attributes)
      return
    }
    let computed = extents.indices.map { axis in
      let part = region.isEmpty ? 1 : regionOfInterest[axis + extents.count] - regionOfInterest[axis]
      return Double((Float(Double(extents[axis]) * part) * Float(scales[axis])).rounded(.down))
    }
    if computed == sizes.map({ Double($0) }) {
      op.finish("Resize", [op.operand(0), region, try op.floats(scales)], attributes)
    } else if areQuotients {
      op.finish("Resize", [op.operand(0), region, "", try op.ints(sizes)], attributes)
    } else if let kept = keptRatio(extents), coordinates != .tfCropAndResize {
      attributes.append(AttributeProto("axes", ints: kept.axes))
      attributes.append(AttributeProto("keep_aspect_ratio_policy", text: kept.policy))
      op.finish(
        "Resize", [op.operand(0), region, "", try op.ints(kept.axes.map { sizes[$0] })], attributes)
    } else {
      throw op.unsupported("sizes \(sizes.text) do not follow from scales \(scales.text)")
    }
  }

  /// The axes and the policy by which ONNX rounds extents of one common scale to these sizes, or
  /// nil.
  private func keptRatio(_ extents: [Int]) -> (axes: [Int], policy: String)? {
    let axes = extents.indices.filter { scales[$0] != 1 || sizes[$0] != extents[$0] }
    guard let first = axes.first, axes.allSatisfy({ extents[$0] > 0 }) else { return nil }
    let ratio = scales[first]
    let isCommon = axes.allSatisfy {
      scales[$0] == ratio
        && (ratio * Double(extents[$0]) + 0.5).rounded(.down) == Double(sizes[$0])
    }
    let quotients = axes.map { Double(sizes[$0]) / Double(extents[$0]) }
    guard isCommon else { return nil }
    if quotients.min() == ratio { return (axes, "not_larger") }
    return quotients.max() == ratio ? (axes, "not_smaller") : nil
  }
}

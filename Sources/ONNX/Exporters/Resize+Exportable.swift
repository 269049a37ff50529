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
    // The sizes say it exactly if the scales are their quotients; else the scales must give the sizes.
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
    } else {
      throw op.unsupported("sizes \(sizes.text) do not follow from scales \(scales.text)")
    }
  }
}

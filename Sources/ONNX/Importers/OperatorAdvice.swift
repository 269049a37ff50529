// SPDX-License-Identifier: Apache-2.0

/// What to do instead of using operators that have no counterpart.
enum OperatorAdvice {
  static func advice(for name: String, domain: String) -> String? {
    if domain == "com.microsoft", name == "DynamicQuantizeLSTM" {
      return "recurrent layers are supported when unrolled into MatMul, Sigmoid, Tanh and Mul"
    }
    if domain == "com.microsoft" {
      return "onnxruntime's own operators come from its optimizer: "
        + "export the model without it, or quantise in QDQ form"
    }
    guard domain.isEmpty else {
      return "operators of domain '\(domain)' are supported where the model holds their function"
    }
    switch name {
    case "Loop", "Scan":
      return "loops are supported where the exporter unrolls them (a fixed number of steps)"
    case "LSTM", "GRU", "RNN":
      return "recurrent layers are supported when unrolled into MatMul, Sigmoid, Tanh and Mul"
    case "TopK":
      return "take the scores as the output; the selection is left to the caller"
    case "NonMaxSuppression", "RoiAlign", "NonZero":
      return "its result's shape depends on the data; cut the model in front of it"
    case "Einsum":
      return "MatMul, Transpose and ReduceSum express most of its equations"
    case "GatherElements", "GatherND", "ScatterND", "ScatterElements":
      return "Gather along one axis is supported"
    case "GridSample", "AffineGrid": return "Resize is supported"
    default: return nil
    }
  }
}

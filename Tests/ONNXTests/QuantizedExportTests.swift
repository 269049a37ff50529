// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import ONNX
import Testing

/// The operators of a graph of one op from `x` to `y` in ONNX, or why there are none.
private func exported(_ type: String, _ line: String) throws -> String {
  let text = "graph @g(%x: \(type)) -> (y: %y) {\n  @s = f32[] [0.5]\n  %y = \(line)\n}\n"
  let graph = try Graph.parse(text: text)
  do throws(Failure) {
    let nodes = try ONNXExporter.model(from: graph).graph.nodes
    return nodes.map(\.opType).joined(separator: " ")
  } catch {
    return error.kind == .unsupported ? "unsupported: \(error.description)" : error.description
  }
}

/// Integers in types that the operators of ONNX do not have.
@Suite struct QuantizedExportTests {
  @Test(arguments: [
    ("i8", "MaxPool"), ("u8", "MaxPool"), ("i16", "Cast MaxPool Cast"),
    ("u16", "Cast MaxPool Cast"), ("i4", "Cast MaxPool Cast"), ("i32", "Cast MaxPool Cast"),
  ])
  func maximaOverWindowsAreFoundInATypeThatHoldsThem(_ element: String, _ nodes: String) throws {
    let pool = "{window=[2]} : \(element)[1,2,3]"
    #expect(try exported("\(element)[1,2,4]", "pool %x \(pool)") == nodes)
    let places = try exported("\(element)[1,2,4]", "max_pool_indices %x {window=[2]} : i64[1,2,3]")
    #expect(places == nodes.replacing(" Cast", with: ""))
  }

  @Test func maximaOf64BitsAreInNoFloat() throws {
    let text = try exported("i64[1,2,4]", "pool %x {window=[2]} : i64[1,2,3]")
    #expect(text.hasPrefix("unsupported: ") && text.contains("i64"))
  }

  @Test(arguments: [
    ("max", "i8", "ReduceMax"), ("min", "u8", "ReduceMin"), ("max", "i16", "Cast ReduceMax Cast"),
    ("min", "u16", "Cast ReduceMin Cast"), ("max", "i32", "ReduceMax"),
    ("sum", "i8", "Cast ReduceSum Cast"), ("l1", "i16", "Cast ReduceL1 Cast"),
    ("max", "f32", "ReduceMax"), ("mean", "i32", "ReduceMean"),
  ])
  func reductionsOfNarrowIntegersAreOf32Bits(
    _ kind: String, _ element: String, _ nodes: String
  ) throws {
    let line = "reduce %x {kind=\(kind), axes=[1]} : \(element)[2,1]"
    #expect(try exported("\(element)[2,3]", line) == nodes)
  }

  @Test(arguments: ["mean", "product", "l2", "sum_of_squares", "log_sum", "log_sum_exp"])
  func reductionsThatLeave32BitsAreRefused(_ kind: String) throws {
    let line = "reduce %x {kind=\(kind), axes=[1]} : i16[2,1]"
    #expect(try exported("i16[2,3]", line).hasPrefix("unsupported: "))
  }

  @Test(arguments: ["i32", "u32", "i64", "u64"])
  func nothingIsQuantisedToMoreThan16Bits(_ element: String) throws {
    let line = "quantize %x, @s {to=\(element)} : \(element)[4]"
    #expect(try exported("f32[4]", line).hasPrefix("unsupported: "))
    let requantize = "requantize %x, @s {to=\(element)} : \(element)[4]"
    #expect(try exported("i32[4]", requantize).hasPrefix("unsupported: "))
    let back = try exported("\(element)[4]", "dequantize %x, @s : f32[4]")
    #expect(element == "i32" ? back == "DequantizeLinear" : back.hasPrefix("unsupported: "))
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors

/// The elements of a constant array as the body of a C initialiser.
enum CArrayText {
  /// Writes the elements, several to a line. Floats in their shortest exact decimal form; 16-bit floats
  /// and packed elements as the bits they are stored in.
  static func write(_ bytes: Bytes, _ element: ElementType, to out: inout TextWriter) {
    switch element {
    case .f32: lines(bytes, of: Float.self, to: &out) { CLiteral.float($0).text }
    case .f64: lines(bytes, of: Double.self, to: &out) { CLiteral.double($0).text }
    case .i64: lines(bytes, of: Int64.self, to: &out) { CLiteral.signed64($0).text }
    case .u64: lines(bytes, of: UInt64.self, to: &out) { CLiteral.unsigned64($0).text }
    case .i32: lines(bytes, of: Int32.self, to: &out) { CLiteral.signed(Int64($0)).text }
    case .u32: lines(bytes, of: UInt32.self, to: &out) { CLiteral.unsigned(UInt64($0)).text }
    case .i16: lines(bytes, of: Int16.self, to: &out) { "\($0)" }
    case .u16, .f16, .bf16: lines(bytes, of: UInt16.self, to: &out) { "\($0)" }
    case .i8: lines(bytes, of: Int8.self, to: &out) { "\($0)" }
    case .u8, .bool, .i4, .u4, .u2, .b1: lines(bytes, of: UInt8.self, to: &out) { "\($0)" }
    }
  }

  /// Whether an element takes a macro of `<math.h>`.
  static func needsMath(_ bytes: Bytes, _ element: ElementType) -> Bool {
    switch element {
    case .f32: bytes.withElements(of: Float.self) { $0.contains { !$0.isFinite } }
    case .f64: bytes.withElements(of: Double.self) { $0.contains { !$0.isFinite } }
    default: false
    }
  }

  private static func lines<Element: BitwiseCopyable>(
    _ bytes: Bytes, of type: Element.Type, to out: inout TextWriter,
    _ text: (Element) -> String
  ) {
    bytes.withElements(of: type) { elements in
      var line = ""
      for element in elements {
        let word = text(element)
        if line.utf8.count + word.utf8.count + 2 > 96 {
          out.line("  " + line)
          line = ""
        }
        line += line.isEmpty ? word + "," : " " + word + ","
      }
      // An array has at least one element in C, even where a tensor has none.
      out.line("  " + (line.isEmpty ? "0" : line))
    }
  }
}

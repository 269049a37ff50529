// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import LoopIR
import Tensors

extension EmissionPlan {
  /// The constants as `name.c` sees them: arrays or declarations.
  var data: [CItem] {
    guard layout.byteCount > 0 else { return [] }
    switch weights {
    case .bin: return []
    case .incbin:
      return [
        .blank,
        .array(
          CArray(
            specifier: "extern const", type: .named("unsigned char"), name: name + "_weights",
            count: layout.byteCount, data: .external)),
      ]
    case .c, .automatic:
      let isInside = options.singleFile
      return [.blank] + constants.map { array($0, isInside ? .inside : .declared) }
    }
  }

  /// Where an array of weights stands.
  private enum Place { case inside, declared, defined }

  private func array(
    _ constant: (buffer: Int, name: String, offset: Int), _ place: Place
  ) -> CItem {
    let type = program.buffers[constant.buffer].layout.type
    let bytes = program.constants[constant.buffer] ?? Bytes()
    let unit = type.element.bitCount < 8 ? 1 : type.element.bitCount / 8
    let specifier =
      switch place {
      case .inside: "static \(macro(.constants))"
      case .declared: "extern const"
      case .defined: macro(.constants)
      }
    return .array(
      CArray(
        specifier: specifier, type: .named(RuntimeLibrary.stored(type.element)),
        name: constant.name, count: layout.filled(bytes.count) / unit,
        // On declarations too: x86-64 compilers take an array from elsewhere to be aligned to 16.
        alignment: .call(macro("ALIGNED"), [.integer(layout.alignment)]),
        data: place == .declared ? .external : .elements(bytes, type.element)))
  }

  /// Whether a weight is infinite or no number.
  var dataNeedsMath: Bool {
    constants.contains {
      CArrayText.needsMath(
        program.constants[$0.buffer] ?? Bytes(), program.buffers[$0.buffer].layout.type.element)
    }
  }

  /// The files of the weights.
  func weightFiles() -> [EmittedFile] {
    guard layout.byteCount > 0 else { return [] }
    switch weights {
    case .bin: return [EmittedFile(name: name + "_weights.bin", parts: blob())]
    case .incbin:
      return [
        EmittedFile(name: name + "_weights.bin", parts: blob()),
        EmittedFile(name: name + "_data.S", contents: assembly()),
      ]
    case .c, .automatic:
      return options.singleFile
        ? [] : [EmittedFile(name: name + "_data.c", contents: dataSource().printed())]
    }
  }

  /// `name_data.c`.
  private func dataSource() -> CFile {
    var file = CFile()
    file.items = [.comment(banner), .blank]
    if dataNeedsMath { file.items.append(.system("math.h")) }
    file.items += [
      .system("stdint.h"), .blank,
      settable(.constants),
      .conditional(
        "defined(__GNUC__)",
        [.defineTokens(macro("ALIGNED"), parameters: ["n"], "__attribute__((aligned(n)))")],
        [.defineTokens(macro("ALIGNED"), parameters: ["n"], "")]),
    ]
    for constant in constants {
      file.items += [.blank, array(constant, .declared), array(constant, .defined)]
    }
    return file
  }

  /// All constants, each filled up to the offset of the next.
  private func blob() -> [Bytes] {
    var parts: [Bytes] = []
    var end = 0
    func pad(to offset: Int) {
      if offset > end { parts.append(Bytes(count: offset - end) { _ in }) }
      end = offset
    }
    for constant in constants {
      pad(to: constant.offset)
      guard let bytes = program.constants[constant.buffer], bytes.count > 0 else { continue }
      parts.append(bytes)
      end += bytes.count
    }
    pad(to: layout.byteCount)
    return parts
  }

  /// `name_data.S`: the assembler takes the file in, found in its include path.
  private func assembly() -> Bytes {
    // Compilers for x86-64 count on 16 bytes for any array of so many (System V ABI, AMD64, 3.1.2),
    // also for one that the assembler lays down.
    let alignment = max(layout.alignment, 16)
    var out = TextWriter()
    out.line("/* \(name): the weights. Assemble with the folder of this file in the include path. */")
    out.line("#if defined(__APPLE__)")
    out.line("  .section __TEXT,__const")
    out.line("  .globl _\(name)_weights")
    out.line("  .p2align \(alignment.trailingZeroBitCount)")
    out.line("_\(name)_weights:")
    out.line("#else")
    out.line("#if defined(\(macro("WEIGHTS_SECTION")))")
    out.line("  .section \(macro("WEIGHTS_SECTION"))")
    out.line("#else")
    out.line("  .section .rodata")
    out.line("#endif")
    out.line("  .globl \(name)_weights")
    out.line("  .balign \(alignment)")
    out.line("\(name)_weights:")
    out.line("#endif")
    out.line("  .incbin \"\(name)_weights.bin\"")
    out.line("#if defined(__ELF__)")
    out.line("  .size \(name)_weights, \(layout.byteCount)")
    out.line("#if defined(__arm__)")
    out.line("  .type \(name)_weights, %object")
    out.line("#else")
    out.line("  .type \(name)_weights, @object")
    out.line("#endif")
    out.line("#endif")
    out.line("#if defined(__linux__) && defined(__ELF__)")
    out.line("#if defined(__arm__)")
    out.line("  .section .note.GNU-stack,\"\",%progbits")
    out.line("#else")
    out.line("  .section .note.GNU-stack,\"\",@progbits")
    out.line("#endif")
    out.line("#endif")
    return out.bytes
  }
}

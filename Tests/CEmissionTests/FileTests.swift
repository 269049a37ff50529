// SPDX-License-Identifier: Apache-2.0
import CEmission
import CompilerSupport
import LoopIR
import Tensors
import Testing

/// The files around the kernels: weights in each form, header, single file, harness.
@Suite(.serialized) struct FileTests {
  /// y = x · w through the arena, with names that are no C identifiers.
  static func program(_ name: String) -> (Program, [Tensor?]) {
    let type = TensorType(.f32, Shape([16])!)
    var program = Program(name: name)
    program.ports = [
      Port(name: "in put/0", role: .input, type: type),
      Port(name: "int", role: .output, type: type),
    ]
    let places: [Buffer.Storage] = [.port(0), .constant, .arena(offset: 64), .port(1)]
    program.buffers = zip(["x", "w:0", "t", "y"], places).enumerated().map { root, pair in
      Buffer(name: pair.0, layout: .rowMajor(type), storage: pair.1, root: root, lifetime: 0...1)
    }
    let weights = Tensor(type, rounding: (0..<16).map { Double($0) / 7 - 1 })
    program.constants = [1: weights.bytes]
    program.arenaBytes = 128
    program.arenaAlignment = 64
    var k = KernelBuilder("multiply")
    let a = k.parameter("a", .f32)
    let b = k.parameter("b", .f32)
    let y = k.parameter("y", .f32, isWritten: true)
    let sums = k.registers("sum", [4], initial: .float(0, ValueType(.f32)))
    k.loop("tile", 0..<4) { k, tile in
      k.loop("i", 0..<4, .unrolled) { k, i in
        k.set(sums, [i], k.load(a, tile * 4 + i) * k.load(b, tile * 4 + i))
        k.store(y, tile * 4 + i, .register(sums, [i]))
      }
    }
    program.kernels = [k.finish()]
    program.steps = [
      Step(kernel: 0, arguments: [0, 1, 2], layers: ["a*/b \\"], multiplyAccumulates: 16),
      Step(kernel: 0, arguments: [2, 1, 3], layers: ["second"], multiplyAccumulates: 16),
    ]
    return (program, [OperatorProgram.values(type, seed: 5), nil])
  }

  @Test(arguments: [WeightStorage.c, .incbin]) func weightsAreFound(_ form: WeightStorage) throws {
    let (program, ports) = Self.program("1st model")
    #expect(ProgramVerifier.verify(program) == [])
    try check(program, ports: ports) {
      $0.weights = form
      $0.profile = true
      $0.toolVersion = "0.0"
      $0.macros = [HeaderMacro(name: "input scale", value: .float(0.25))]
    }
  }

  /// The assembler lays arrays down as compilers expect them, whatever stands in front of them.
  @Test func assembledWeightsAreAligned() throws {
    let (program, _) = Self.program("m")
    var options = EmissionOptions(target: testTarget("c99"))
    options.weights = .incbin
    let folder = try TemporaryFolder("fettle-aligned")
    for file in try CEmitter.emit(program, options) where !file.name.hasSuffix(".c") {
      try Platform.writeFile(folder.file(file.name), file.contents)
    }
    try Platform.writeFile(
      folder.file("before.S"), Bytes(".section .rodata\n.balign 16\n.zero 8\n".utf8))
    try Platform.writeFile(
      folder.file("main.c"),
      Bytes(
        """
        #include <stdint.h>
        #include "m.h"
        extern const unsigned char m_weights[64];
        int main(void) { volatile uintptr_t place = (uintptr_t)m_weights; return place % 16 != 0; }
        """.utf8))
    for toolchain in Toolchain.all {
      var build = Subprocess(toolchain.words + ["before.S", "m_data.S", "main.c", "-o", "aligned"])
      build.directory = folder.path
      let built = try build.run()
      #expect(built.succeeded, "\(toolchain): \(built.errorText)")
      #expect(try Subprocess([folder.file("aligned")]).run().succeeded, "\(toolchain)")
    }
  }

  @Test(arguments: ["c", "bin", "single", "harness"]) func compiles(_ form: String) throws {
    let (program, _) = Self.program("m")
    var options = EmissionOptions(target: testTarget("c99"))
    options.singleFile = form == "single"
    if form == "bin" { options.weights = .bin }
    var files = try CEmitter.emit(program, options)
    if form != "single" { files.append(try HarnessEmission.emit(program, options)) }
    let again = try CEmitter.emit(program, options)
    #expect(zip(files, again).allSatisfy { $0.contents == $1.contents })
    let folder = try TemporaryFolder("fettle-c")
    for file in files { try Platform.writeFile(folder.file(file.name), file.contents) }
    let sources = files.map(\.name).filter { $0.hasSuffix(".c") }
    for toolchain in Toolchain.all {
      var compile = Subprocess(toolchain.words + Toolchain.strict + ["-c"] + sources)
      compile.directory = folder.path
      let outcome = try compile.run()
      #expect(outcome.succeeded, "\(toolchain): \(outcome.errorText)")
    }
  }
}

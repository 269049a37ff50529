// SPDX-License-Identifier: Apache-2.0
public import CEmission
public import CompilerSupport
public import LoopIR
public import Targets
public import Tensors

/// Emitted C, compiled and loaded into this process.
public final class CompiledProgram: Sendable {
  /// The program that was emitted.
  public let program: Program
  private let library: DynamicLibrary
  private let call: Function

  private typealias Function =
    @convention(c) (UnsafePointer<UnsafeMutableRawPointer?>, UnsafeMutableRawPointer?) -> Int32

  /// Emits, compiles (or finds again) and loads a program.
  ///
  /// - Parameter weights: how its weights are written; `bin`, which needs a file to be read, as `automatic`.
  public init(
    _ program: Program, target: Target, compiler: HostCompiler, weights: WeightStorage = .automatic
  ) throws(Failure) {
    var options = EmissionOptions(target: target)
    options.weights = weights == .bin ? .automatic : weights
    var files = try CEmitter.emit(program, options)
    files.append(try HarnessEmission.emit(program, options))
    let path = try compiler.library(files, target: target)
    self.program = program
    library = try DynamicLibrary(path)
    call = try library.function(CEmitter.baseName(program) + "_call", as: Function.self)
  }

  /// The outputs for one tensor for each input port; may be called on several threads at once.
  ///
  /// - Throws: if a tensor does not fit its port, or the code refuses to run.
  public func run(_ inputs: [Tensor]) throws(Failure) -> [Tensor] {
    let ports = program.ports
    let given = ports.filter { $0.role != .output }
    guard inputs.count == given.count else {
      throw Failure("\(inputs.count) inputs given, \(given.count) expected")
    }
    for (tensor, port) in zip(inputs, given) where tensor.type != port.type {
      throw Failure("input '\(port.name)' is \(port.type), given \(tensor.type)")
    }
    var bytes = Checked(program.arenaBytes)
    for port in ports {
      // Outputs are copied.
      bytes += Checked(port.type.byteCount) * (port.role == .output ? 2 : 1)
    }
    try Platform.requireMemory(bytes.value ?? .max, for: "a run")
    var memory: [AlignedMemory] = []
    var next = 0
    for port in ports {
      let block = AlignedMemory(count: port.type.byteCount)
      if port.role != .output {
        inputs[next].bytes.withUnsafeBytes { block.bytes.copyMemory(from: $0) }
        next += 1
      }
      memory.append(block)
    }
    let arena = AlignedMemory(count: program.arenaBytes)
    let pointers = memory.map { $0.bytes.baseAddress }
    let status = pointers.withUnsafeBufferPointer { pointers -> Int32 in
      guard let base = pointers.baseAddress else { return -1 }
      return call(base, arena.bytes.baseAddress)
    }
    guard status == 0 else { throw Failure("the emitted code returned \(status)") }
    var outputs: [Tensor] = []
    for (port, block) in zip(ports, memory) where port.role == .output {
      let bytes = Bytes(count: port.type.byteCount) { out in
        out.copyMemory(
          from: UnsafeRawBufferPointer(rebasing: block.bytes[..<port.type.byteCount]))
      }
      guard let tensor = Tensor(port.type, bytes: bytes) else {
        unreachable("as many bytes as the type says")
      }
      outputs.append(tensor)
    }
    return outputs
  }
}

/// Memory of a run, aligned for every vector.
private final class AlignedMemory {
  let bytes: UnsafeMutableRawBufferPointer

  init(count: Int) {
    bytes = .allocate(byteCount: max(count, 1), alignment: 64)
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { bytes.deallocate() }
}

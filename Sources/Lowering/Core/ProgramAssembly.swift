// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import LoopIR
import Tensors

/// Puts a program together: kernels are simplified, equal ones become one, equal views one buffer.
struct ProgramAssembly {
  private(set) var program: Program
  private let roots: [Root]
  private let constants: [Int: Bytes]
  private var kernels: [Kernel: Int] = [:]
  private var buffers: [TensorView: Int] = [:]

  init(_ program: Program, roots: [Root], constants: [Int: Bytes]) {
    self.program = program
    self.roots = roots
    self.constants = constants
  }

  /// Adds a step behind those that are there. `offsets` are the roots' places in the arena.
  mutating func append(_ step: PendingStep, offsets: [Int]) {
    let position = program.steps.count
    let kernel = enter(step.kernel)
    let arguments = step.arguments.map { view in
      let buffer = buffers[view] ?? add(view, offsets: offsets, at: position)
      let lifetime = program.buffers[buffer].lifetime
      program.buffers[buffer].lifetime = lifetime.lowerBound...position
      return buffer
    }
    program.steps.append(
      Step(
        kernel: kernel, arguments: arguments, layers: step.layers, lowering: step.lowering,
        multiplyAccumulates: step.multiplyAccumulates))
  }

  /// The position of a kernel, simplified, in the program; it is added if it is not there.
  private mutating func enter(_ built: Kernel) -> Int {
    if let known = kernels[built] { return known }
    let simple = built.simplified()
    let position = kernels[simple] ?? program.kernels.count
    if position == program.kernels.count { program.kernels.append(simple) }
    kernels[simple] = position
    kernels[built] = position
    return position
  }

  private mutating func add(_ view: TensorView, offsets: [Int], at step: Int) -> Int {
    let root = roots[view.root]
    let layout = view.layout.atOrigin
    let start = view.layout.offset * layout.type.element.bitCount / 8
    let storage: Buffer.Storage =
      switch root.kind {
      case .port(let port): .port(port)
      case .constant: .constant
      case .arena: .arena(offset: offsets[view.root] + start)
      }
    var buffer = Buffer(
      name: root.name, layout: layout, storage: storage, root: view.root, lifetime: step...step)
    if case .port = root.kind { buffer.byteOffset = start }
    program.buffers.append(buffer)
    let position = program.buffers.count - 1
    buffers[view] = position
    if case .constant = root.kind, let bytes = constants[view.root] {
      program.constants[position] = bytes[start..<bytes.count]
    }
    return position
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors

/// Checks a program before it becomes C. All of these must hold:
///
/// - each kernel is well formed on the buffers that its steps give it (`LoopVerifier`; equal kernels on equal buffers are checked once);
/// - buffers lie inside their port, their constant or the arena; constants and inputs are not written;
/// - buffers of one step that share an element, one being written, may alias;
/// - pieces of memory that are in use at the same time share nothing, but for what one step does in place;
/// - no element is read before it was written (the filling of split axes excepted: nobody uses what is computed from it), and outputs
///   are written whole; memory of more than `ElementSet.largestCount` elements is not followed that far.
///
/// What it does not see, and the tests' interpreter does: wrong values; a step in place that overwrites what it has yet to read; and
/// order inside of a loop, where all iterations of a statement count as run before the next statement, so that an iteration may seem to
/// read what only a later one writes. Of a branch, what both blocks write in some iteration counts as written.
public struct ProgramVerifier {
  /// A violation.
  public struct Finding: Hashable, Sendable {
    /// The step at which it was found; nil if it is about the whole program.
    public let step: Int?
    /// What is wrong, as a sentence without a full stop.
    public let message: String
  }

  private let program: Program
  private var findings: [Finding] = []
  private var checked: [KernelUse: KernelFootprint?] = [:]
  private var memories: [Int: RootMemory] = [:]

  private struct KernelUse: Hashable {
    let kernel: Int
    let operands: [LoopVerifier.Operand]
  }

  /// All violations in a program, in the order of its steps; empty if it is well formed.
  public static func verify(_ program: Program) -> [Finding] {
    var verifier = ProgramVerifier(program)
    verifier.run()
    return verifier.findings
  }

  private init(_ program: Program) { self.program = program }

  private mutating func find(_ message: String, at step: Int? = nil) {
    findings.append(Finding(step: step, message: message))
  }

  private mutating func run() {
    for (i, buffer) in program.buffers.enumerated() {
      if let message = program.misplacement(of: buffer, at: i) { find(message) }
    }
    for (number, step) in program.steps.enumerated() {
      guard program.kernels.indices.contains(step.kernel),
        step.arguments.allSatisfy(program.buffers.indices.contains)
      else {
        find("no such kernel or buffer", at: number)
        continue
      }
      let kernel = program.kernels[step.kernel]
      guard kernel.parameters.count == step.arguments.count else {
        find("\(kernel.name) takes \(kernel.parameters.count) buffers", at: number)
        continue
      }
    }
    guard findings.isEmpty else { return }
    let lifetimes = RootLifetimes(program)
    for message in lifetimes.conflicts(in: program) { find(message) }
    memories = RootMemory.all(of: program, lifetimes)
    for (number, step) in program.steps.enumerated() { check(step, number) }
    for (i, port) in program.ports.enumerated() where port.role == .output {
      guard port.type.byteCount > 0 else { continue }
      guard let buffer = program.buffers.first(where: { $0.storage == .port(i) }) else {
        find("nothing writes output '\(port.name)'")
        continue
      }
      if let place = memories[buffer.root]?.firstMissing {
        find("output '\(port.name)' is not written at element \(place)")
      }
    }
  }

  private mutating func check(_ step: Step, _ number: Int) {
    let kernel = program.kernels[step.kernel]
    for message in sharing(kernel, step.arguments) { find(message, at: number) }
    let buffers = step.arguments.map { program.buffers[$0] }
    for (buffer, parameter) in zip(buffers, kernel.parameters)
    where buffer.layout.type.element.bitCount != parameter.element.bitCount {
      return find("\(parameter.name) holds \(parameter.element), given \(buffer.layout.type)", at: number)
    }
    let indexed = kernel.indexParameters
    let use = KernelUse(
      kernel: step.kernel,
      operands: step.arguments.enumerated().map { position, buffer in
        LoopVerifier.Operand(
          region: BufferRegion(program.buffers[buffer].layout),
          values: indexed.contains(position) ? program.constantRange(of: buffer) : nil)
      })
    let footprint: KernelFootprint?
    if let known = checked[use] {
      footprint = known
    } else {
      let verifier = LoopVerifier(kernel, on: use.operands)
      for message in verifier.findings { find("kernel \(kernel.name): \(message)", at: number) }
      footprint = verifier.findings.isEmpty ? verifier.footprint : nil
      checked[use] = .some(footprint)
    }
    guard let footprint else { return }
    for event in footprint.events {
      switch event {
      case .read(let position, let box, let load):
        let buffer = buffers[position]
        guard let place = memories[buffer.root]?.firstMissing(of: box, load, in: buffer) else {
          continue
        }
        let parameter = kernel.parameters[position].name
        find(
          "kernel \(kernel.name): \(parameter) ('\(buffer.name)') is read at element \(place), which nothing wrote",
          at: number)
      case .write(let position, let elements):
        let buffer = buffers[position]
        memories[buffer.root]?.insert(elements, of: buffer)
      }
    }
    for buffer in buffers { memories[buffer.root]?.release(after: number) }
  }

  /// What is wrong with the memory that parameters of a step share, or with what they write.
  private func sharing(_ kernel: Kernel, _ arguments: [Int]) -> [String] {
    var messages: [String] = []
    for (i, parameter) in kernel.parameters.enumerated() {
      let buffer = program.buffers[arguments[i]]
      if parameter.isWritten {
        switch buffer.storage {
        case .constant: messages.append("\(kernel.name) writes constant \(buffer.name)")
        case .port(let port) where program.ports[port].role == .input:
          messages.append("\(kernel.name) writes input \(program.ports[port].name)")
        case .port, .arena: break
        }
      }
      for j in 0..<i {
        let other = kernel.parameters[j]
        guard parameter.isWritten || other.isWritten, !(parameter.mayAlias && other.mayAlias),
          buffer.overlaps(program.buffers[arguments[j]])
        else { continue }
        messages.append(
          "\(kernel.name): \(other.name) and \(parameter.name) share memory and may not alias")
      }
    }
    return messages
  }
}

extension Program {
  /// Why a buffer does not fit the place where it is said to be, or nil.
  fileprivate func misplacement(of buffer: Buffer, at position: Int) -> String? {
    let bytes = buffer.layout.byteCount
    switch buffer.storage {
    case .constant:
      let count = constants[position]?.count ?? -1
      return count < bytes ? "constant \(buffer.name) has \(count) bytes of data, not \(bytes)" : nil
    case .arena(let offset):
      return offset < 0 || offset + bytes > arenaBytes ? "buffer \(buffer.name) leaves the arena" : nil
    case .port(let port):
      guard ports.indices.contains(port) else { return "buffer \(buffer.name) names no port" }
      return buffer.byteOffset < 0 || buffer.byteOffset + bytes > ports[port].type.byteCount
        ? "buffer \(buffer.name) leaves port \(ports[port].name)" : nil
    }
  }

  /// The smallest and largest element of a constant buffer of integers; nil for others.
  fileprivate func constantRange(of position: Int) -> ClosedRange<Int64>? {
    let type = buffers[position].layout.type
    guard let bytes = constants[position], type.element.isInteger, type.element.bitCount >= 8,
      let count = Shape([bytes.count * 8 / type.element.bitCount]),
      let tensor = Tensor(TensorType(type.element, count), bytes: bytes)
    else { return nil }
    let values = tensor.integers()
    guard let low = values.min(), let high = values.max() else { return nil }
    return low...high
  }
}

extension Buffer {
  /// Where it starts in its port or the arena, in bytes.
  var start: Int {
    if case .arena(let offset) = storage { offset } else { byteOffset }
  }

  /// Whether two buffers have an element in common.
  fileprivate func overlaps(_ other: Buffer) -> Bool {
    switch (storage, other.storage) {
    case (.port(let x), .port(let y)): guard x == y else { return false }
    case (.arena, .arena): break
    case (.constant, .constant): guard root == other.root else { return false }
    default: return false
    }
    let bits = layout.type.element.bitCount
    let distance = other.start - start
    guard bits == other.layout.type.element.bitCount, bits >= 8, distance % (bits / 8) == 0 else {
      return distance < layout.byteCount && -distance < other.layout.byteCount
    }
    return BufferRegion(layout).overlaps(BufferRegion(other.layout), at: distance / (bits / 8))
  }
}

extension Kernel {
  /// The parameters whose elements stand in indices.
  fileprivate var indexParameters: Set<Int> {
    var binds: [Int: Expression] = [:]
    var ranged: [Int] = []
    func collect(_ body: [Statement]) {
      for statement in body {
        switch statement {
        case .bind(let local, let value):
          binds[local.id] = value
          if local.range != nil { ranged.append(local.id) }
        case .loop(let loop): collect(loop.body)
        case .branch(_, let first, let second):
          collect(first)
          collect(second)
        case .note, .declare, .set, .store: break
        }
      }
    }
    collect(body)
    var found: Set<Int> = []
    var seen: Set<Int> = []
    while let id = ranged.popLast() {
      guard seen.insert(id).inserted, let value = binds[id] else { continue }
      value.forEach { part in
        if case .load(let access, _) = part { found.insert(access.parameter) }
        if case .local(let local) = part { ranged.append(local.id) }
      }
    }
    return found
  }
}

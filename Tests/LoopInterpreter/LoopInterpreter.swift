// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import LoopIR
public import Tensors

/// A kernel did what it must not; the text says where.
public struct LoopFault: Error, CustomStringConvertible {
  public let description: String
}

/// Runs loop programs statement by statement: slow, clear, and strict about every access.
public struct LoopInterpreter {
  /// Memory that buffers lie in: one for each port, one for each constant, the arena.
  private var memories: [Memory] = []
  private let program: Program
  private var parameters: [(memory: Int, offset: Int, bits: Int)] = []
  var counters: [Int: Int] = [:]
  var locals: [Int: LoopValue] = [:]
  var registers: [Int: [LoopValue]] = [:]

  private struct Memory {
    var bytes: [UInt8]
    let name: String
  }

  /// Runs the program. `ports` holds a tensor for each port that is read, of the port's type, nil for one
  /// that is only written. Gives the contents of all ports afterwards. The arena starts as garbage.
  public static func run(_ program: Program, ports: [Tensor?]) throws -> [Tensor] {
    var interpreter = LoopInterpreter(program: program)
    return try interpreter.run(ports)
  }

  private init(program: Program) { self.program = program }

  private mutating func run(_ ports: [Tensor?]) throws -> [Tensor] {
    for (port, tensor) in zip(program.ports, ports) {
      if let tensor, tensor.type != port.type {
        throw LoopFault(description: "port \(port.name) is \(port.type), got \(tensor.type)")
      }
      let bytes = tensor.map { $0.bytes.withUnsafeBytes { Array($0) } }
      memories.append(
        Memory(
          bytes: bytes ?? Array(repeating: 0, count: port.type.byteCount), name: port.name))
    }
    let arena = memories.count
    memories.append(
      Memory(bytes: Array(repeating: 0xFF, count: program.arenaBytes), name: "arena"))
    var places: [(memory: Int, offset: Int, bits: Int)] = []
    for (i, buffer) in program.buffers.enumerated() {
      let bits = buffer.layout.byteCount * 8
      switch buffer.storage {
      case .port(let port):
        let bytes = program.ports[port].type.byteCount - buffer.byteOffset
        places.append((port, buffer.byteOffset, bytes * 8))
      case .arena(let offset): places.append((arena, offset, bits))
      case .constant:
        guard let bytes = program.constants[i] else {
          throw LoopFault(description: "constant \(buffer.name) has no data")
        }
        places.append((memories.count, 0, bytes.count * 8))
        memories.append(
          Memory(bytes: bytes.withUnsafeBytes { Array($0) }, name: buffer.name))
      }
    }
    for (number, step) in program.steps.enumerated() {
      let kernel = program.kernels[step.kernel]
      guard kernel.parameters.count == step.arguments.count else {
        throw LoopFault(description: "step \(number): wrong number of arguments")
      }
      parameters = step.arguments.map { places[$0] }
      counters = [:]
      locals = [:]
      registers = [:]
      do {
        try run(kernel.body)
      } catch let fault as LoopFault {
        throw LoopFault(description: "step \(number) (\(kernel.name)): \(fault.description)")
      }
    }
    return program.ports.indices.map { i in
      Tensor(program.ports[i].type, bytes: Bytes(memories[i].bytes))!
    }
  }

  private mutating func run(_ body: [Statement]) throws {
    for statement in body { try run(statement) }
  }

  private mutating func run(_ statement: Statement) throws {
    switch statement {
    case .note: break
    case .loop(let loop):
      let from = try loop.lower.indices.map(position).max()!
      let to = try loop.upper.indices.map(position).min()!
      for turn in from..<max(from, to) {
        guard loop.variable.range.contains(turn) else {
          throw LoopFault(description: "\(loop.variable.name) = \(turn) leaves its range")
        }
        counters[loop.variable.id] = turn
        try run(loop.body)
      }
      counters[loop.variable.id] = nil
    case .bind(let local, let expression):
      let value = try evaluate(expression)
      if let range = local.range, !range.contains(Int(value.integers[0])) {
        throw LoopFault(description: "\(local.name) = \(value.integers[0]) leaves its range")
      }
      locals[local.id] = value
    case .declare(let array, let expression):
      let count = array.extents.reduce(1, *)
      registers[array.id] = Array(repeating: try evaluate(expression), count: count)
    case .set(let array, let indices, let expression):
      let value = try evaluate(expression)
      registers[array.id]![try slot(array, indices)] = value
    case .store(let access, let expression):
      let value = try evaluate(expression)
      let start = try position(access.index)
      for lane in 0..<value.type.lanes { try write(access, start + lane, value[lane]) }
    case .branch(let condition, let first, let second):
      try run(try evaluate(condition).integers[0] != 0 ? first : second)
    }
  }

  /// The number of an element in a register array.
  func slot(_ array: RegisterArray, _ indices: [Index]) throws -> Int {
    var slot = 0
    for (index, extent) in zip(indices, array.extents) {
      let i = try position(index)
      guard i >= 0, i < extent else {
        throw LoopFault(description: "\(array.name): index \(i) of \(extent)")
      }
      slot = slot * extent + i
    }
    return slot
  }

  /// The value of an index.
  func position(_ index: Index) throws -> Int {
    var sum = index.constant
    for term in index.terms {
      let atom: Int
      switch term.atom {
      case .loop(let variable):
        guard let value = counters[variable.id] else {
          throw LoopFault(description: "\(variable.name) has no value here")
        }
        atom = value
      case .local(let local):
        guard let value = locals[local.id] else {
          throw LoopFault(description: "\(local.name) has no value here")
        }
        atom = Int(value.integers[0])
      case .quotient(let inner, let divisor):
        let value = try position(inner)
        guard value >= 0 else { throw LoopFault(description: "quotient of \(value)") }
        atom = value / divisor
      case .remainder(let inner, let divisor):
        let value = try position(inner)
        guard value >= 0 else { throw LoopFault(description: "remainder of \(value)") }
        atom = value % divisor
      }
      sum += atom * term.factor
    }
    return sum
  }

  /// The place of an element in its memory, in bits.
  private func place(_ access: Access, _ index: Int) throws -> (memory: Int, bit: Int) {
    let parameter = parameters[access.parameter]
    let bit = index * access.element.bitCount
    let memory = memories[parameter.memory]
    guard bit >= 0, bit + access.element.bitCount <= parameter.bits,
      parameter.offset * 8 + bit + access.element.bitCount <= memory.bytes.count * 8
    else {
      throw LoopFault(
        description:
          "parameter \(access.parameter) in \(memory.name): element \(index) of "
          + "\(parameter.bits / access.element.bitCount)")
    }
    return (parameter.memory, parameter.offset * 8 + bit)
  }

  /// The element at an index, in the type that is computed in.
  func read(_ access: Access, _ index: Int) throws -> LoopNumber {
    let (memory, bit) = try place(access, index)
    let element = access.element
    var bits: UInt64 = 0
    let byteCount = max(1, element.bitCount / 8)
    for i in 0..<byteCount {
      bits |= UInt64(memories[memory].bytes[bit / 8 + i]) << UInt64(8 * i)
    }
    if element.bitCount < 8 { bits = bits >> UInt64(bit % 8) & (1 << UInt64(element.bitCount) - 1) }
    let tensor = Tensor(TensorType(element, .scalar), bytes: Bytes(copying: [bits])[0..<byteCount])!
    return element.isFloat ? .float(tensor.doubles()[0]) : .integer(tensor.integers()[0])
  }

  private mutating func write(_ access: Access, _ index: Int, _ number: LoopNumber) throws {
    let (memory, bit) = try place(access, index)
    let element = access.element
    let type = TensorType(element, .scalar)
    let tensor =
      switch number {
      case .float(let value): Tensor(type, rounding: [value])
      case .integer(let value): Tensor(type, wrapping: [value])
      }
    tensor.bytes.withUnsafeBytes { source in
      if element.bitCount < 8 {
        let mask = UInt8((1 << element.bitCount) - 1) << UInt8(bit % 8)
        let old = memories[memory].bytes[bit / 8]
        memories[memory].bytes[bit / 8] = old & ~mask | source[0] << UInt8(bit % 8) & mask
      } else {
        for (i, byte) in source.enumerated() { memories[memory].bytes[bit / 8 + i] = byte }
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import LoopIR
public import Tensors

/// A kernel did what it must not; the text says where.
public struct LoopFault: Error, CustomStringConvertible {
  public let description: String
}

/// Runs loop programs statement by statement: slow, clear, and strict about every access. An element that does not belong to the tensor
/// of its parameter, or that no step of that tensor's root has written, is a fault.
public struct LoopInterpreter {
  /// Memory that buffers lie in: one for each port, one for each constant, the arena.
  private var memories: [Memory] = []
  private let program: Program
  private var parameters: [Place] = []
  var counters: [Int: Int] = [:]
  var locals: [Int: LoopValue] = [:]
  var registers: [Int: [LoopValue]] = [:]

  private struct Memory {
    var bytes: [UInt8]
    let name: String
    /// For each byte the root whose value it holds; nil for memory that is given whole.
    var owners: [Int?]?

    init(_ bytes: [UInt8], _ name: String, isGiven: Bool) {
      self.bytes = bytes
      self.name = name
      owners = isGiven ? nil : Array(repeating: nil, count: bytes.count)
    }
  }

  /// Where a buffer lies.
  private struct Place {
    let memory: Int
    let offset: Int
    let root: Int
    /// By position from its first element; what is not there does not belong to the buffer.
    let elements: [Int: ElementRole]
  }

  /// What an element of a layout is for.
  private enum ElementRole { case value, filling }

  /// Runs the program. `ports` holds a tensor for each port that is read, of the port's type, nil for one
  /// that is only written. Gives the contents of all ports afterwards. The arena starts as garbage. An output of which something is
  /// not written is a fault, unless `outputsMayBeParts`.
  public static func run(
    _ program: Program, ports: [Tensor?], outputsMayBeParts: Bool = false
  ) throws -> [Tensor] {
    var interpreter = LoopInterpreter(program: program)
    return try interpreter.run(ports, outputsMayBeParts)
  }

  private init(program: Program) { self.program = program }

  private mutating func run(_ ports: [Tensor?], _ outputsMayBeParts: Bool) throws -> [Tensor] {
    for (port, tensor) in zip(program.ports, ports) {
      if let tensor, tensor.type != port.type {
        throw LoopFault(description: "port \(port.name) is \(port.type), got \(tensor.type)")
      }
      let bytes = tensor.map { $0.bytes.withUnsafeBytes { Array($0) } }
      memories.append(
        Memory(
          bytes ?? Array(repeating: 0, count: port.type.byteCount), port.name,
          isGiven: port.role != .output))
    }
    let arena = memories.count
    memories.append(
      Memory(Array(repeating: 0xFF, count: program.arenaBytes), "arena", isGiven: false))
    var places: [Place] = []
    for (i, buffer) in program.buffers.enumerated() {
      func place(_ memory: Int, _ offset: Int) -> Place {
        Place(
          memory: memory, offset: offset, root: buffer.root,
          elements: Self.elements(of: buffer.layout))
      }
      switch buffer.storage {
      case .port(let port): places.append(place(port, buffer.byteOffset))
      case .arena(let offset): places.append(place(arena, offset))
      case .constant:
        guard let bytes = program.constants[i] else {
          throw LoopFault(description: "constant \(buffer.name) has no data")
        }
        places.append(place(memories.count, 0))
        memories.append(Memory(bytes.withUnsafeBytes { Array($0) }, buffer.name, isGiven: true))
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
    for (memory, port) in zip(memories, program.ports) where !outputsMayBeParts {
      if let missing = memory.owners?.firstIndex(of: nil) {
        throw LoopFault(description: "output \(port.name): nothing wrote byte \(missing)")
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

  /// The elements of a layout, halo and filling included, one by one.
  private static func elements(of layout: BufferLayout) -> [Int: ElementRole] {
    var found: [Int: ElementRole] = [:]
    func visit(_ depth: Int, _ position: Int, _ coordinates: [Int]) {
      guard depth < layout.axes.count else {
        let shape = layout.type.shape
        let isFilling = layout.axes.contains { axis in
          axis.part != .whole && coordinates[axis.dimension] >= shape[axis.dimension]
        }
        found[position] = isFilling ? .filling : .value
        return
      }
      let axis = layout.axes[depth]
      for i in 0..<axis.extent {
        var next = coordinates
        switch axis.part {
        case .whole: break
        case .outer(let factor): next[axis.dimension] += i * factor
        case .inner: next[axis.dimension] += i
        }
        visit(depth + 1, position + i * axis.stride, next)
      }
    }
    visit(0, 0, Array(repeating: 0, count: layout.type.shape.rank))
    return found
  }

  /// An element in its memory.
  private struct Location {
    let memory: Int
    let bit: Int
    let root: Int
    let role: ElementRole
    /// The bytes that it lies in.
    let bytes: Range<Int>
  }

  private func locate(_ access: Access, _ index: Int) throws -> Location {
    let parameter = parameters[access.parameter]
    let memory = memories[parameter.memory]
    let bit = parameter.offset * 8 + index * access.element.bitCount
    let bytes = bit / 8..<(bit + access.element.bitCount + 7) / 8
    guard let role = parameter.elements[index], bytes.lowerBound >= 0,
      bytes.upperBound <= memory.bytes.count
    else {
      throw LoopFault(
        description: "parameter \(access.parameter) in \(memory.name): element \(index) is not its own")
    }
    return Location(memory: parameter.memory, bit: bit, root: parameter.root, role: role, bytes: bytes)
  }

  /// The element at an index, in the type that is computed in.
  func read(_ access: Access, _ index: Int) throws -> LoopNumber {
    let place = try locate(access, index)
    if place.role == .value, let first = place.bytes.first(where: { byte in
      memories[place.memory].owners.map { $0[byte] != place.root } ?? false
    }) {
      throw LoopFault(
        description: "parameter \(access.parameter) in \(memories[place.memory].name): nothing wrote "
          + "byte \(first) of element \(index)")
    }
    let element = access.element
    var bits: UInt64 = 0
    for (i, byte) in place.bytes.enumerated() {
      bits |= UInt64(memories[place.memory].bytes[byte]) << UInt64(8 * i)
    }
    if element.bitCount < 8 {
      bits = bits >> UInt64(place.bit % 8) & (1 << UInt64(element.bitCount) - 1)
    }
    switch element {
    case .f32: return .float(Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits))))
    case .i8: return .integer(Int64(Int8(truncatingIfNeeded: bits)))
    case .i32: return .integer(Int64(Int32(truncatingIfNeeded: bits)))
    default:
      let tensor = Tensor(
        TensorType(element, .scalar), bytes: Bytes(copying: [bits])[0..<place.bytes.count])!
      return element.isFloat ? .float(tensor.doubles()[0]) : .integer(tensor.integers()[0])
    }
  }

  private mutating func write(_ access: Access, _ index: Int, _ number: LoopNumber) throws {
    let place = try locate(access, index)
    let element = access.element
    for byte in place.bytes { memories[place.memory].owners?[byte] = place.root }
    if case .float(let value) = number, element == .f32 {
      let bits = Float(value).bitPattern
      for (i, byte) in place.bytes.enumerated() {
        memories[place.memory].bytes[byte] = UInt8(truncatingIfNeeded: bits >> UInt32(8 * i))
      }
      return
    }
    let type = TensorType(element, .scalar)
    let tensor =
      switch number {
      case .float(let value): Tensor(type, rounding: [value])
      case .integer(let value): Tensor(type, wrapping: [value])
      }
    tensor.bytes.withUnsafeBytes { source in
      if element.bitCount < 8 {
        let mask = UInt8((1 << element.bitCount) - 1) << UInt8(place.bit % 8)
        let old = memories[place.memory].bytes[place.bit / 8]
        memories[place.memory].bytes[place.bit / 8] =
          old & ~mask | source[0] << UInt8(place.bit % 8) & mask
      } else {
        for (i, byte) in source.enumerated() { memories[place.memory].bytes[place.bit / 8 + i] = byte }
      }
    }
  }
}

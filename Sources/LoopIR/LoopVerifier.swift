// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors

/// Checks that a kernel or a program is well formed. What it finds is a bug of the lowering that built it.
/// All of these must hold:
///
/// - operands have the types and lanes that their operator takes; lanes are a power of two;
/// - numbers of counters, locals and register arrays are unique in the kernel and used in their scope;
/// - counters stay in their declared range; unrolled loops have constant bounds;
/// - indices of register arrays are as many as the extents, and inside them;
/// - accesses name a parameter of their element type, are written only if the parameter is, and lie inside
///   the buffer when its size is known;
/// - quotients and remainders are of indices that are never negative;
/// - in a program: each step gives each parameter a buffer that is large enough, constants and inputs are
///   not written, and buffers of one step that share memory, one being written, may alias.
public struct LoopVerifier {
  private var findings: [String] = []
  private var kernel: Kernel
  /// The number of elements of each parameter's buffer, where known.
  private var sizes: [Int?]
  private var known: Set<Int> = []
  private var inScope: Set<Int> = []
  private var place = ""

  /// All violations in a kernel, given the number of elements behind each parameter (nil: not known);
  /// empty if it is well formed.
  public static func verify(_ kernel: Kernel, elementCounts: [Int?] = []) -> [String] {
    var verifier = LoopVerifier(kernel: kernel, sizes: elementCounts)
    verifier.place = "kernel \(kernel.name)"
    verifier.check(kernel.body)
    return verifier.findings
  }

  /// All violations in a program.
  public static func verify(_ program: Program) -> [String] {
    var findings: [String] = []
    for (number, step) in program.steps.enumerated() {
      let name = "step \(number)"
      guard program.kernels.indices.contains(step.kernel),
        step.arguments.allSatisfy(program.buffers.indices.contains)
      else {
        findings.append("\(name): no such kernel or buffer")
        continue
      }
      let kernel = program.kernels[step.kernel]
      guard kernel.parameters.count == step.arguments.count else {
        findings.append("\(name): \(kernel.name) takes \(kernel.parameters.count) buffers")
        continue
      }
      let buffers = step.arguments.map { program.buffers[$0] }
      let sizes: [Int?] = zip(buffers, kernel.parameters).map { buffer, parameter in
        program.bytes(of: buffer) * 8 / parameter.element.bitCount
      }
      findings += verify(kernel, elementCounts: sizes).map { "\(name): \($0)" }
      findings += memory(program, kernel, step.arguments).map { "\(name): \($0)" }
    }
    for (i, buffer) in program.buffers.enumerated() {
      switch buffer.storage {
      case .constant:
        let bytes = program.constants[i]?.count ?? -1
        if bytes < buffer.layout.byteCount {
          findings.append("constant %\(i) \(buffer.name) has \(bytes) bytes of data")
        }
      case .arena(let offset):
        if offset < 0 || offset + buffer.layout.byteCount > program.arenaBytes {
          findings.append("buffer %\(i) \(buffer.name) leaves the arena")
        }
      case .port(let port):
        if !program.ports.indices.contains(port) {
          findings.append("buffer %\(i) \(buffer.name) names no port")
        }
      }
    }
    return findings
  }

  private static func memory(
    _ program: Program, _ kernel: Kernel, _ arguments: [Int]
  ) -> [String] {
    var findings: [String] = []
    for (i, parameter) in kernel.parameters.enumerated() {
      let buffer = program.buffers[arguments[i]]
      if parameter.isWritten {
        switch buffer.storage {
        case .constant: findings.append("\(kernel.name) writes constant \(buffer.name)")
        case .port(let port) where program.ports[port].role == .input:
          findings.append("\(kernel.name) writes input \(program.ports[port].name)")
        case .port, .arena: break
        }
      }
      for j in 0..<i {
        let other = kernel.parameters[j]
        guard parameter.isWritten || other.isWritten, !(parameter.mayAlias && other.mayAlias),
          program.overlap(buffer, program.buffers[arguments[j]], arguments[i] == arguments[j])
        else { continue }
        findings.append(
          "\(kernel.name): \(other.name) and \(parameter.name) share memory and may not alias")
      }
    }
    return findings
  }

  private init(kernel: Kernel, sizes: [Int?]) {
    self.kernel = kernel
    self.sizes = sizes
  }

  private mutating func find(_ message: String) { findings.append("\(place): \(message)") }

  private mutating func bring(_ id: Int, _ name: String) {
    if !known.insert(id).inserted { find("number \(id) of \(name) is taken") }
    inScope.insert(id)
  }

  private mutating func check(_ body: [Statement]) {
    let outside = inScope
    for statement in body { check(statement) }
    inScope = outside
  }

  private mutating func check(_ statement: Statement) {
    switch statement {
    case .note: break
    case .loop(let loop): check(loop)
    case .bind(let local, let value):
      check(value)
      if local.type != value.type { find("\(local.name) is \(local.type), not \(value.type)") }
      if local.range != nil, !local.type.element.isInteger || local.type.lanes != 1 {
        find("\(local.name) has a range but is no integer")
      }
      bring(local.id, local.name)
    case .declare(let array, let value):
      check(value)
      if array.type != value.type { find("\(array.name) is \(array.type), not \(value.type)") }
      if array.extents.contains(where: { $0 < 1 }) { find("\(array.name) has an empty extent") }
      bring(array.id, array.name)
    case .set(let array, let indices, let value):
      check(array, indices)
      check(value)
      if array.type != value.type { find("\(array.name) is \(array.type), not \(value.type)") }
    case .store(let access, let value):
      check(value)
      check(access, lanes: value.type.lanes, isWrite: true)
      if value.type.element != access.element.computed {
        find("\(value.type) stored as \(access.element)")
      }
    case .branch(let condition, let first, let second):
      check(condition)
      if condition.type != ValueType(.bool) { find("a branch on \(condition.type)") }
      check(first)
      check(second)
    }
  }

  private mutating func check(_ loop: Loop) {
    let name = loop.variable.name
    for index in loop.lower.indices + loop.upper.indices { check(index) }
    if loop.kind == .unrolled,
      loop.lower.constantValue == nil || loop.upper.constantValue == nil
    {
      find("unrolled loop \(name) has a computed bound")
    }
    // The largest of the lower bounds is at least each bound's smallest value, and so on above.
    let low = loop.lower.indices.map { $0.range.lowerBound }.max() ?? 0
    let high = loop.upper.indices.map { $0.range.upperBound }.min() ?? 0
    if low < high, low < loop.variable.range.lowerBound || high - 1 > loop.variable.range.upperBound {
      find("\(name) runs over \(low)..<\(high), outside \(loop.variable.range)")
    }
    let outside = inScope
    bring(loop.variable.id, name)
    check(loop.body)
    inScope = outside
  }

  private mutating func check(_ index: Index) {
    for term in index.terms {
      switch term.atom {
      case .loop(let variable):
        if !inScope.contains(variable.id) { find("\(variable.name) is used outside its loop") }
      case .local(let local):
        if !inScope.contains(local.id) { find("\(local.name) is used outside its block") }
      case .quotient(let inner, let divisor), .remainder(let inner, let divisor):
        check(inner)
        if divisor < 1 { find("an index is divided by \(divisor)") }
        if inner.range.lowerBound < 0 { find("quotient of \(inner), which may be negative") }
      }
    }
  }

  private mutating func check(_ array: RegisterArray, _ indices: [Index]) {
    if !inScope.contains(array.id) { find("\(array.name) is used outside its block") }
    guard indices.count == array.extents.count else {
      return find("\(array.name) takes \(array.extents.count) indices, not \(indices.count)")
    }
    for (index, extent) in zip(indices, array.extents) {
      check(index)
      let range = index.range
      if range.lowerBound < 0 || range.upperBound >= extent {
        find("\(array.name)[\(index)] leaves 0..<\(extent)")
      }
    }
  }

  private mutating func check(_ access: Access, lanes: Int, isWrite: Bool) {
    check(access.index)
    guard kernel.parameters.indices.contains(access.parameter) else {
      return find("no parameter \(access.parameter)")
    }
    let parameter = kernel.parameters[access.parameter]
    if access.element != parameter.element {
      find("\(parameter.name) holds \(parameter.element), not \(access.element)")
    }
    if isWrite, !parameter.isWritten { find("\(parameter.name) is written but only read") }
    let range = access.index.range
    let count = access.parameter < sizes.count ? sizes[access.parameter] : nil
    if range.lowerBound < 0 || count.map({ range.upperBound + lanes > $0 }) ?? false {
      find(
        "\(parameter.name)[\(access.index)] covers \(range.lowerBound)..<\(range.upperBound + lanes) "
          + "of \(count.map(String.init) ?? "?") elements")
    }
  }

  private mutating func check(_ expression: Expression) {
    for operand in expression.operands { check(operand) }
    let type = expression.type
    if type.lanes < 1 || type.lanes & (type.lanes - 1) != 0 {
      find("\(type.lanes) lanes are no power of two")
    }
    if type.element != type.element.computed { find("nothing is computed in \(type.element)") }
    switch expression {
    case .local(let local):
      if !inScope.contains(local.id) { find("\(local.name) is used outside its block") }
    case .register(let array, let indices): check(array, indices)
    case .load(let access, let lanes): check(access, lanes: lanes, isWrite: false)
    case .index(let index, let element):
      check(index)
      if !element.isInteger { find("an index as \(element)") }
    default:
      if let message = expression.typeError { find(message) }
    }
  }
}

extension Program {
  /// The bytes that a buffer's storage offers.
  fileprivate func bytes(of buffer: Buffer) -> Int {
    if case .port(let port) = buffer.storage, ports.indices.contains(port) {
      return ports[port].type.byteCount
    }
    return buffer.layout.byteCount
  }

  /// Whether two buffers have a byte in common.
  fileprivate func overlap(_ a: Buffer, _ b: Buffer, _ areSame: Bool) -> Bool {
    switch (a.storage, b.storage) {
    case (.port(let x), .port(let y)): x == y
    case (.arena(let x), .arena(let y)):
      x < y + b.layout.byteCount && y < x + a.layout.byteCount
    case (.constant, .constant): areSame
    default: false
    }
  }
}

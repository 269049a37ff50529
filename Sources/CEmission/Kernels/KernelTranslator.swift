// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors

/// Turns one kernel into a C function.
struct KernelTranslator {
  var library: RuntimeLibrary
  let kernel: Kernel
  private let plan: UnrollPlan
  /// Whether short vectors are the words of a register, without types of their own.
  let usesWords: Bool
  private var names: CNames
  /// The C names of the parameters, by position.
  private(set) var parameterNames: [String] = []
  private var usedParameters: Set<Int> = []
  /// The counters of loops that are being written out, with their present values.
  private var counters: [Int: Int] = [:]
  /// The names of counters, locals and register arrays, by number.
  private var bound: [Int: String] = [:]
  /// The vectors of four floats that are one number in all lanes, known by the number's name.
  var spreadLocals: Set<Int> = []
  static let spreadType = ValueType(.f32, lanes: 4)
  /// The names of the elements of register arrays that became variables.
  private var elements: [Int: [[Int]: String]] = [:]
  /// Names given out in each open block.
  private var scopes: [[String]] = [[]]

  /// A translator that adds what it needs to the library.
  init(_ kernel: Kernel, library: RuntimeLibrary) {
    self.kernel = kernel
    self.library = library
    plan = UnrollPlan(kernel)
    usesWords = kernel.vectorUse == .words
    names = CNames()
    parameterNames = kernel.parameters.map { names.unique($0.name) }
  }

  /// The function, under a name that the program gives it.
  mutating func function(named name: String) -> CFunction {
    var body = statements(kernel.body)
    for (i, name) in parameterNames.enumerated().reversed() where !usedParameters.contains(i) {
      body.insert(.evaluate(.cast(.void, .name(name))), at: 0)
    }
    let types = kernel.parameters.map { library.accessed($0.element) }
    let parameters = zip(zip(parameterNames, types), kernel.parameters).map { named, parameter in
      let (name, type) = named
      return CVariable(
        type: .pointer(
          .named(type), isConst: !parameter.isWritten,
          isRestrict: !parameter.mayAlias),
        name: name)
    }
    return CFunction(
      specifier: CNames.upper(library.prefix) + "KERNEL", result: .void, name: name,
      parameters: parameters, body: body)
  }

  private mutating func statements(_ body: [Statement]) -> [CStmt] {
    var result: [CStmt] = []
    for statement in body { append(statement, to: &result) }
    return result
  }

  /// The statements of a block of its own; names bound inside end with it.
  private mutating func scope(_ body: [Statement]) -> [CStmt] {
    scopes.append([])
    let result = statements(body)
    for name in scopes.removeLast() { names.release(name) }
    return result
  }

  private mutating func declare(_ name: String) -> String {
    let unique = names.unique(name)
    scopes[scopes.count - 1].append(unique)
    return unique
  }

  private mutating func append(_ statement: Statement, to result: inout [CStmt]) {
    switch statement {
    case .note(let text): result.append(.comment(text))
    case .loop(let loop): append(loop, to: &result)
    case .bind(let local, let value):
      if case .splat(let number, _) = value, value.type == Self.spreadType {
        // The number is kept as it is: what is made of it then depends on the target.
        let initial = self.value(number)
        let name = declare(local.name)
        bound[local.id] = name
        spreadLocals.insert(local.id)
        let variable = CVariable(
          type: type(number.type), name: name, isConst: true, initial: initial)
        return result.append(.variable(variable))
      }
      let initial = self.value(value)
      let name = declare(local.name)
      bound[local.id] = name
      result.append(
        .variable(
          CVariable(type: type(local.type), name: name, isConst: true, initial: initial)))
    case .declare(let array, let value): append(array, initially: value, to: &result)
    case .set(let array, let indices, let value):
      result.append(.assign(element(array, indices), self.value(value)))
    case .store(let access, let value): result.append(store(access, value))
    case .branch(let condition, let first, let second):
      result.append(.branch(self.value(condition), scope(first), scope(second)))
    }
  }

  private mutating func append(_ loop: Loop, to result: inout [CStmt]) {
    if plan.expanded.contains(loop.variable.id), let from = loop.lower.constantValue,
      let to = loop.upper.constantValue
    {
      let hasNames = loop.body.contains {
        switch $0 {
        case .bind, .declare: true
        default: false
        }
      }
      for turn in from..<max(from, to) {
        counters[loop.variable.id] = turn
        let body = scope(loop.body)
        result += hasNames ? [.block(body)] : body
      }
      counters[loop.variable.id] = nil
      return
    }
    scopes.append([])
    let from = bound(loop.lower, isLower: true)
    let to = bound(loop.upper, isLower: false)
    let name = declare(loop.variable.name)
    bound[loop.variable.id] = name
    let body = statements(loop.body)
    for name in scopes.removeLast() { names.release(name) }
    result.append(.loop(name: name, from: from, to: to, unroll: unrolling(loop), body))
  }

  /// The macro call that asks the compiler to write out the turns.
  private func unrolling(_ loop: Loop) -> CExpr? {
    guard loop.kind == .unrolled, let from = loop.lower.constantValue,
      let to = loop.upper.constantValue
    else { return nil }
    return unrolling(to - from)
  }

  private func unrolling(_ turns: Int) -> CExpr {
    // Compilers refuse larger counts than 16 bits hold.
    .call(CNames.upper(library.prefix) + "UNROLL", [.integer(min(turns, 32767))])
  }

  private mutating func bound(_ bound: Bound, isLower: Bool) -> CExpr {
    let values = bound.indices.map { index($0) }
    guard values.count > 1 else { return values[0] }
    let function = library.indexExtreme(isLarger: isLower)
    return values.dropFirst().reduce(values[0]) { .call(function, [$0, $1]) }
  }

  private mutating func append(
    _ array: RegisterArray, initially value: Expression, to result: inout [CStmt]
  ) {
    let initial = self.value(value)
    if plan.scalarized.contains(array.id) {
      var positions: [[Int]] = [[]]
      for extent in array.extents {
        positions = positions.flatMap { p in (0..<extent).map { p + [$0] } }
      }
      var table: [[Int]: String] = [:]
      for position in positions {
        let name = declare(([array.name] + position.map(String.init)).joined(separator: "_"))
        table[position] = name
        result.append(
          .variable(CVariable(type: type(array.type), name: name, initial: initial)))
      }
      elements[array.id] = table
      return
    }
    let name = declare(array.name)
    bound[array.id] = name
    result.append(
      .variable(CVariable(type: type(array.type), name: name, extents: array.extents)))
    let counters = array.extents.indices.map { _ in declare("i") }
    var body: [CStmt] = [
      .assign(.subscripted(.name(name), counters.map { .name($0) }), initial)
    ]
    for (counter, extent) in zip(counters, array.extents).reversed() {
      body = [
        .loop(
          name: counter, from: .integer(0), to: .integer(extent), unroll: unrolling(extent), body)
      ]
    }
    result += body
  }

  /// An element of a register array as C.
  mutating func element(_ array: RegisterArray, _ indices: [Index]) -> CExpr {
    let indices = indices.map(substituted)
    if let table = elements[array.id], let name = table[indices.map { $0.constantValue ?? -1 }] {
      return .name(name)
    }
    return .subscripted(.name(bound[array.id] ?? array.name), indices.map { index($0) })
  }

  /// The index with the counters of written-out loops replaced.
  func substituted(_ index: Index) -> Index {
    counters.isEmpty ? index : index.substituting { v in counters[v.id].map { Index($0) } }
  }

  /// An index as a `ptrdiff_t` expression.
  mutating func index(_ index: Index) -> CExpr {
    let index = substituted(index)
    var sum: CExpr?
    for term in index.terms {
      let atom = self.atom(term.atom)
      let size = term.factor.magnitude
      let product = size == 1 ? atom : atom * .integer(Int(size))
      switch (sum, term.factor < 0) {
      case (nil, false): sum = product
      case (nil, true): sum = size == 1 ? .unary(.negate, atom) : atom * .integer(term.factor)
      case (let left?, false): sum = left + product
      case (let left?, true): sum = left - product
      }
    }
    guard let sum else { return .integer(index.constant) }
    if index.constant == 0 { return sum }
    return index.constant > 0
      ? sum + .integer(index.constant) : sum - .integer(Int(index.constant.magnitude))
  }

  private mutating func atom(_ atom: Index.Atom) -> CExpr {
    switch atom {
    case .loop(let variable): .name(bound[variable.id] ?? variable.name)
    case .local(let local): .cast(.index, .name(bound[local.id] ?? local.name))
    case .quotient(let inner, let divisor):
      .binary(.divide, index(inner), .integer(divisor))
    case .remainder(let inner, let divisor):
      .binary(.modulo, index(inner), .integer(divisor))
    }
  }

  /// The C type of a value.
  mutating func type(_ type: ValueType) -> CType {
    if usesWords, type.lanes > 1 { return .named("uint32_t") }
    if type.element == .bool, type.lanes > 1 {
      return .named(library.mask(bits: 32, type.lanes))
    }
    return .named(library.type(type.element, type.lanes))
  }

  /// The name of a bound value.
  func name(of local: Local) -> CExpr { .name(bound[local.id] ?? local.name) }

  /// The pointer that a parameter is, noted as used.
  mutating func pointer(_ access: Access) -> CExpr {
    usedParameters.insert(access.parameter)
    return .name(parameterNames[access.parameter])
  }
}

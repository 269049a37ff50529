// SPDX-License-Identifier: Apache-2.0
public import Tensors

/// Builds a kernel: hands out numbered names and nests statements by closures.
///
///     var k = KernelBuilder("scale")
///     let x = k.parameter("x", .f32)
///     let y = k.parameter("y", .f32, isWritten: true)
///     k.loop("i", 0..<n) { k, i in
///       k.store(y, i, k.load(x, i) * .float(2, ValueType(.f32)))
///     }
///     let kernel = k.finish()
public struct KernelBuilder {
  /// A parameter of the kernel that is being built.
  public struct BufferParameter: Sendable {
    /// The position.
    public let position: Int
    /// The element type in memory.
    public let element: ElementType
  }

  private let name: String
  private var parameters: [Parameter] = []
  private var blocks: [[Statement]] = [[]]
  private var nextID = 0

  /// A builder of a kernel of that name.
  public init(_ name: String) { self.name = name }

  /// The kernel built so far.
  public consuming func finish() -> Kernel {
    Kernel(name: name, parameters: parameters, body: blocks[0])
  }

  /// Adds a parameter. The order of the calls is the order of the step's arguments.
  public mutating func parameter(
    _ name: String, _ element: ElementType, isWritten: Bool = false, mayAlias: Bool = false
  ) -> BufferParameter {
    parameters.append(
      Parameter(name, element, isWritten: isWritten, mayAlias: mayAlias))
    return BufferParameter(position: parameters.count - 1, element: element)
  }

  /// Appends a statement to the block that is open.
  public mutating func append(_ statement: Statement) {
    blocks[blocks.count - 1].append(statement)
  }

  /// The statements that `body` appends.
  public mutating func block<E: Error>(
    _ body: (inout KernelBuilder) throws(E) -> Void
  ) throws(E) -> [Statement] {
    blocks.append([])
    try body(&self)
    return blocks.removeLast()
  }

  /// A loop over a constant range; one without turns vanishes, one with a single turn becomes its body.
  public mutating func loop<E: Error>(
    _ name: String, _ range: Range<Int>, _ kind: LoopKind = .serial,
    _ body: (inout KernelBuilder, Index) throws(E) -> Void
  ) throws(E) {
    if range.isEmpty { return }
    if range.count == 1 { return try body(&self, Index(range.lowerBound)) }
    let variable = LoopVariable(
      id: makeID(), name: name, range: range.lowerBound...range.upperBound - 1)
    let statements = try block { (k) throws(E) in try body(&k, Index(variable)) }
    append(
      .loop(
        Loop(
          variable, from: Bound(Index(range.lowerBound)), to: Bound(Index(range.upperBound)),
          kind: kind, body: statements)))
  }

  /// A serial loop between computed bounds; `range` covers all values that the counter can take.
  public mutating func loop<E: Error>(
    _ name: String, from lower: Bound, to upper: Bound, within range: Range<Int>,
    _ body: (inout KernelBuilder, Index) throws(E) -> Void
  ) throws(E) {
    if range.isEmpty { return }
    if let a = lower.constantValue, let b = upper.constantValue {
      return try loop(name, a..<Swift.max(a, b), .serial, body)
    }
    let variable = LoopVariable(
      id: makeID(), name: name, range: range.lowerBound...range.upperBound - 1)
    let statements = try block { (k) throws(E) in try body(&k, Index(variable)) }
    append(.loop(Loop(variable, from: lower, to: upper, kind: .serial, body: statements)))
  }

  /// Loops over all positions of a box, the last extent innermost.
  public mutating func loops<E: Error>(
    _ names: [String], _ extents: [Int],
    _ body: (inout KernelBuilder, [Index]) throws(E) -> Void
  ) throws(E) {
    func nest(_ k: inout KernelBuilder, _ outer: [Index]) throws(E) {
      let axis = outer.count
      guard axis < extents.count else { return try body(&k, outer) }
      let name = axis < names.count ? names[axis] : "i\(axis)"
      try k.loop(name, 0..<extents[axis]) { (k, i) throws(E) in try nest(&k, outer + [i]) }
    }
    try nest(&self, [])
  }

  /// Names a value.
  public mutating func bind(
    _ name: String, _ value: Expression, range: ClosedRange<Int>? = nil
  ) -> Expression {
    .local(bindLocal(name, value, range: range))
  }

  /// Names an integer that stands in an index; `range` covers all its values.
  public mutating func bindIndex(
    _ name: String, _ value: Expression, range: ClosedRange<Int>
  ) -> Index {
    Index(bindLocal(name, value, range: range))
  }

  private mutating func bindLocal(
    _ name: String, _ value: Expression, range: ClosedRange<Int>?
  ) -> Local {
    let local = Local(id: makeID(), name: name, type: value.type, range: range)
    append(.bind(local, value))
    return local
  }

  /// A register array with all elements set to `value`.
  public mutating func registers(
    _ name: String, _ extents: [Int] = [], initial value: Expression
  ) -> RegisterArray {
    let array = RegisterArray(id: makeID(), name: name, type: value.type, extents: extents)
    append(.declare(array, value))
    return array
  }

  /// Sets an element of a register array.
  public mutating func set(_ array: RegisterArray, _ indices: [Index], _ value: Expression) {
    append(.set(array, indices, value))
  }

  /// Sets a register that has no extents.
  public mutating func set(_ register: RegisterArray, _ value: Expression) {
    append(.set(register, [], value))
  }

  /// Writes an expression's lanes from a place on.
  public mutating func store(_ buffer: BufferParameter, _ index: Index, _ value: Expression) {
    append(.store(access(buffer, index), value))
  }

  /// `lanes` elements from a place on.
  public func load(_ buffer: BufferParameter, _ index: Index, lanes: Int = 1) -> Expression {
    .load(access(buffer, index), lanes: lanes)
  }

  /// Runs one of two blocks.
  public mutating func branch<E: Error>(
    _ condition: Expression, then: (inout KernelBuilder) throws(E) -> Void,
    else otherwise: (inout KernelBuilder) throws(E) -> Void = { _ in }
  ) throws(E) {
    let first = try block(then)
    let second = try block(otherwise)
    append(.branch(condition, then: first, else: second))
  }

  private func access(_ buffer: BufferParameter, _ index: Index) -> Access {
    Access(parameter: buffer.position, element: buffer.element, index: index)
  }

  private mutating func makeID() -> Int {
    nextID += 1
    return nextID - 1
  }
}

extension Expression {
  public static func + (a: Expression, b: Expression) -> Expression { .binary(.add, a, b) }
  public static func - (a: Expression, b: Expression) -> Expression { .binary(.subtract, a, b) }
  public static func * (a: Expression, b: Expression) -> Expression { .binary(.multiply, a, b) }
  public static func / (a: Expression, b: Expression) -> Expression { .binary(.divide, a, b) }

  /// `self` as a number of another element type (see `ConversionMode`).
  public func converted(
    to element: ElementType, _ mode: ConversionMode = .wrapping
  ) -> Expression {
    element == type.element ? self : .convert(self, to: element, mode)
  }

  /// `self` in all lanes; a vector of that many lanes stays as it is.
  public func splat(_ lanes: Int) -> Expression {
    type.lanes == lanes ? self : .splat(self, lanes: lanes)
  }

  /// The number in the type of `like`, in all its lanes.
  public static func constant(_ value: Double, like type: ValueType) -> Expression {
    type.element.isFloat ? .float(value, type) : .integer(Int64(value), type)
  }
}

// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors

/// Faults of the kind that lowerings have had or could have.
enum MutantKind: String, CaseIterable {
  case loadIndexPlusOne, loadIndexMinusOne, storeIndexPlusOne, storeIndexMinusOne
  case swappedLoadStrides, swappedStoreStrides
  /// A loop that starts one later, ends one earlier or one later, or runs twice as far.
  case firstIterationDropped, lastIterationDropped, oneIterationMore, wholeForPart
  /// Of several bounds of a loop one is forgotten; a computed bound is the counter's whole range.
  case clipDropped, clipWidened
  /// A minimum or maximum around what becomes an index is forgotten.
  case clampDropped
  case accumulatorNotSet, accumulatorStartedWrong, storeDropped, sumForDifference
  /// The steps of a program.
  case haloForgotten, stepDropped, stepsSwapped, viewMoved
  /// A step that writes a part of an output is missing, and so is the view it wrote.
  case outputPartDropped
}

/// A program with one fault, made at one of the places where a kind applies.
struct Mutant {
  let kind: MutantKind
  /// The step whose kernel was changed, or that was changed itself.
  let step: Int
  let program: Program
  /// What was changed, for reading.
  let place: String

  /// How many places a kind has in a kernel.
  static func sites(_ kind: MutantKind, in kernel: Kernel) -> Int {
    var rewriter = MutantRewriter(kind: kind, site: -1)
    _ = rewriter.rewrite(kernel.body)
    return rewriter.seen
  }

  /// The fault at a place in the kernel of a step.
  init(_ kind: MutantKind, site: Int, in step: Int, of program: Program) {
    self.kind = kind
    self.step = step
    var rewriter = MutantRewriter(kind: kind, site: site)
    var copy = program
    let kernel = program.steps[step].kernel
    copy.kernels[kernel].body = rewriter.rewrite(program.kernels[kernel].body)
    self.program = copy
    place = rewriter.place
  }

  /// The fault in a step as a whole, or nil where the kind does not apply.
  init?(_ kind: MutantKind, step: Int, of program: Program) {
    var copy = program
    switch kind {
    case .haloForgotten:
      guard program.kernels[program.steps[step].kernel].name == "border" else { return nil }
      copy.steps.remove(at: step)
    case .stepDropped: copy.steps.remove(at: step)
    case .stepsSwapped:
      // Steps that have nothing to do with each other may come in any order.
      guard step + 1 < program.steps.count, program.step(step, isReadBy: step + 1) else { return nil }
      copy.steps.swapAt(step, step + 1)
    case .viewMoved:
      // A tensor with one view may lie anywhere; of several, one is moved alone.
      guard let buffer = program.steps[step].arguments.first(where: { position in
        let own = program.buffers[position]
        return own.isInArena && program.buffers.count { $0.root == own.root } > 1
      }) else { return nil }
      copy.buffers[buffer].moveByAnElement()
    case .outputPartDropped:
      let call = program.steps[step]
      let written = zip(program.kernels[call.kernel].parameters, call.arguments).first { $0.0.isWritten }?.1
      guard let written, case .port = program.buffers[written].storage,
        let other = program.buffers.first(where: {
          $0.root == program.buffers[written].root && $0.layout != program.buffers[written].layout
        })
      else { return nil }
      copy.steps.remove(at: step)
      copy.buffers[written] = other
    default: return nil
    }
    self.kind = kind
    self.step = step
    self.program = copy
    place = "step \(step)"
  }
}

extension Program {
  /// Whether a later step uses what a step writes.
  fileprivate func step(_ first: Int, isReadBy second: Int) -> Bool {
    let written = zip(kernels[steps[first].kernel].parameters, steps[first].arguments)
      .filter { $0.0.isWritten }.map { buffers[$0.1].root }
    return steps[second].arguments.contains { written.contains(buffers[$0].root) }
  }
}

extension Buffer {
  fileprivate var isInArena: Bool { if case .arena = storage { true } else { false } }

  fileprivate mutating func moveByAnElement() {
    guard case .arena(let offset) = storage else { return }
    storage = .arena(offset: offset + max(1, layout.type.element.bitCount / 8))
  }
}

/// Rewrites a body at the place of a given number.
struct MutantRewriter {
  let kind: MutantKind
  let site: Int
  /// The places seen so far.
  private(set) var seen = 0
  /// What stands at the place of that number.
  private(set) var place = ""

  init(kind: MutantKind, site: Int) {
    self.kind = kind
    self.site = site
  }

  /// Counts a place; whether it is the one.
  private mutating func hits(_ name: @autoclosure () -> String) -> Bool {
    seen += 1
    guard seen - 1 == site else { return false }
    place = name()
    return true
  }

  mutating func rewrite(_ body: [Statement]) -> [Statement] { body.flatMap { rewrite($0) } }

  private mutating func rewrite(_ statement: Statement) -> [Statement] {
    switch statement {
    case .note: return [statement]
    case .loop(let loop): return [.loop(rewrite(loop))]
    case .bind(let local, let value):
      if kind == .clampDropped, local.range != nil, case .binary(let op, let x, _) = value,
        op == .minimum || op == .maximum, hits(local.name)
      {
        return [.bind(local, x)]
      }
      return [.bind(local, rewrite(value))]
    case .declare(let array, let value):
      if kind == .accumulatorStartedWrong, hits(array.name) {
        return [.declare(array, value + .constant(1, like: value.type))]
      }
      return [.declare(array, rewrite(value))]
    case .set(let array, let indices, let value):
      if kind == .accumulatorNotSet, hits(array.name) { return [] }
      return [.set(array, indices, rewrite(value))]
    case .store(let access, let value):
      if kind == .storeDropped, hits("store") { return [] }
      return [.store(rewrite(access, isLoad: false), rewrite(value))]
    case .branch(let condition, let first, let second):
      let condition = rewrite(condition)
      let a = rewrite(first)
      return [.branch(condition, then: a, else: rewrite(second))]
    }
  }

  private mutating func rewrite(_ loop: Loop) -> Loop {
    var loop = loop
    let ends = loop.variable.range
    let isConstant = loop.lower.constantValue != nil && loop.upper.constantValue != nil
    switch kind {
    case .firstIterationDropped where hits("\(loop.variable.name) \(ends)"): loop.lower = Bound(loop.lower.indices.map { $0 + 1 })
    case .lastIterationDropped where hits("\(loop.variable.name) \(ends)"): loop.upper = Bound(loop.upper.indices.map { $0 - 1 })
    case .oneIterationMore where hits("\(loop.variable.name) \(ends)"):
      loop.upper = Bound(loop.upper.indices.map { $0 + 1 })
      loop.widen(to: ends.lowerBound...ends.upperBound + 1)
    case .wholeForPart where isConstant && hits("\(loop.variable.name) \(ends)"):
      let last = ends.upperBound + ends.count
      loop.upper = Bound(Index(last + 1))
      loop.widen(to: ends.lowerBound...last)
    case .clipDropped where loop.lower.indices.count > 1 && hits(loop.variable.name):
      loop.lower = Bound(Array(loop.lower.indices.dropLast()))
    case .clipDropped where loop.upper.indices.count > 1 && hits(loop.variable.name):
      loop.upper = Bound(Array(loop.upper.indices.dropLast()))
    case .clipWidened where !isConstant && hits("\(loop.variable.name) \(ends)"):
      loop.lower = Bound(Index(ends.lowerBound))
      loop.upper = Bound(Index(ends.upperBound + 1))
    default: break
    }
    loop.body = rewrite(loop.body)
    return loop
  }

  private mutating func rewrite(_ expression: Expression) -> Expression {
    switch expression {
    case .load(let access, let lanes): return .load(rewrite(access, isLoad: true), lanes: lanes)
    case .binary(.subtract, let x, let y) where kind == .sumForDifference && hits("\(x.type)"): return x + y
    default:
      var copy = self
      let result = expression.mapOperands { copy.rewrite($0) }
      self = copy
      return result
    }
  }

  private mutating func rewrite(_ access: Access, isLoad: Bool) -> Access {
    var index = access.index
    switch (kind, isLoad) {
    case (.loadIndexPlusOne, true) where hits("parameter \(access.parameter)"), (.storeIndexPlusOne, false) where hits("parameter \(access.parameter)"):
      index = index + 1
    case (.loadIndexMinusOne, true) where hits("parameter \(access.parameter)"), (.storeIndexMinusOne, false) where hits("parameter \(access.parameter)"):
      index = index - 1
    case (.swappedLoadStrides, true), (.swappedStoreStrides, false):
      let counters = index.terms.compactMap { term in
        if case .loop(let variable) = term.atom { (variable, term.factor) } else { nil }
      }
      guard counters.count >= 2, counters[0].1 != counters[1].1, hits("parameter \(access.parameter)") else { break }
      let difference = counters[1].1 - counters[0].1
      index = index + Index(counters[0].0) * difference - Index(counters[1].0) * difference
    default: break
    }
    return Access(parameter: access.parameter, element: access.element, index: index)
  }
}

extension Loop {
  /// Lets the counter take more values.
  fileprivate mutating func widen(to range: ClosedRange<Int>) {
    let old = variable
    let new = LoopVariable(id: old.id, name: old.name, range: range)
    variable = new
    body = body.map { $0.replacing(old, by: new) }
  }
}

extension Statement {
  /// The statement with a counter of another range in its indices.
  fileprivate func replacing(_ old: LoopVariable, by new: LoopVariable) -> Statement {
    func index(_ i: Index) -> Index { i.substituting { $0.id == old.id ? Index(new) : nil } }
    func access(_ a: Access) -> Access {
      Access(parameter: a.parameter, element: a.element, index: index(a.index))
    }
    func value(_ e: Expression) -> Expression {
      switch e {
      case .load(let a, let lanes): .load(access(a), lanes: lanes)
      case .register(let array, let indices): .register(array, indices.map(index))
      case .index(let i, let element): .index(index(i), element)
      default: e.mapOperands(value)
      }
    }
    switch self {
    case .note: return self
    case .bind(let local, let e): return .bind(local, value(e))
    case .declare(let array, let e): return .declare(array, value(e))
    case .set(let array, let indices, let e): return .set(array, indices.map(index), value(e))
    case .store(let a, let e): return .store(access(a), value(e))
    case .branch(let c, let first, let second):
      return .branch(
        value(c), then: first.map { $0.replacing(old, by: new) },
        else: second.map { $0.replacing(old, by: new) })
    case .loop(var loop):
      loop.lower = Bound(loop.lower.indices.map(index))
      loop.upper = Bound(loop.upper.indices.map(index))
      loop.body = loop.body.map { $0.replacing(old, by: new) }
      return .loop(loop)
    }
  }
}

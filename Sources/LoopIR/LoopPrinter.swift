// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors

/// Writes kernels and programs as text for readers (`fettle emit --print-loops`).
///
///     kernel scale(x: f32, y: out f32) {
///       for i in 0..<16 {
///         y[i] = x[i] * 2.0
///       }
///     }
public struct LoopPrinter {
  private var out = TextWriter()

  /// The text of a whole program: ports, buffers with their places, kernels, steps.
  public static func text(_ program: Program) -> String {
    var printer = LoopPrinter()
    printer.write(program)
    return printer.out.text
  }

  /// The text of a kernel.
  public static func text(_ kernel: Kernel) -> String {
    var printer = LoopPrinter()
    printer.write(kernel)
    return printer.out.text
  }

  /// The text of an expression; parameters are `p0`, `p1`… where `parameters` does not name them.
  public static func text(_ expression: Expression, parameters: [String] = []) -> String {
    expression.text(parameters)
  }

  private mutating func write(_ program: Program) {
    out.block("program \(program.name) {", "}") { out in
      for port in program.ports { out.line("port \(port.name): \(port.role) \(port.type)") }
      for (i, buffer) in program.buffers.enumerated() {
        let place =
          switch buffer.storage {
          case .port(let port): "port \(program.ports[port].name)"
          case .constant: "constant, \(buffer.layout.byteCount) bytes"
          case .arena(let offset): "arena \(offset)..<\(offset + buffer.layout.byteCount)"
          }
        out.line(
          "buffer %\(i) \(buffer.name): \(buffer.layout.type) \(buffer.layout.axisText)(\(place)), "
            + "steps \(buffer.lifetime.lowerBound)...\(buffer.lifetime.upperBound)")
      }
      for step in program.steps {
        let arguments = step.arguments.map { "%\($0)" }.joined(separator: ", ")
        let layers = step.layers.isEmpty ? "" : "  // " + step.layers.joined(separator: ", ")
        out.line("\(program.kernels[step.kernel].name)#\(step.kernel)(\(arguments))\(layers)")
      }
      out.line(
        "arena \(program.arenaBytes) bytes, aligned \(program.arenaAlignment), "
          + "at least \(program.arenaLowerBound)")
    }
    for (i, kernel) in program.kernels.enumerated() {
      out.line()
      out.line("// #\(i)")
      write(kernel)
    }
  }

  private mutating func write(_ kernel: Kernel) {
    let names = kernel.parameters.map(\.name)
    let list = kernel.parameters.map { p in
      "\(p.name): \(p.isWritten ? "out " : "")\(p.mayAlias ? "alias " : "")\(p.element)"
    }
    out.block("kernel \(kernel.name)(\(list.joined(separator: ", "))) {", "}") { out in
      for statement in kernel.body { out.write(statement, names) }
    }
  }
}

extension BufferLayout {
  /// The axes where they are not plain row-major, as in `{0, 1/16, 2+1+1, 3, 1%16} `.
  fileprivate var axisText: String {
    if isRowMajor { return "" }
    let list = axes.map { axis in
      switch axis.part {
      case .whole:
        let halo = halo[axis.dimension]
        return halo == .none ? "\(axis.dimension)" : "\(axis.dimension)+\(halo.before)+\(halo.after)"
      case .outer(let factor): return "\(axis.dimension)/\(factor)"
      case .inner(let factor): return "\(axis.dimension)%\(factor)"
      }
    }
    return "{" + list.joined(separator: ", ") + (offset == 0 ? "} " : "; at \(offset)} ")
  }
}

extension TextWriter {
  fileprivate mutating func write(_ body: [Statement], _ names: [String]) {
    indented { for statement in body { $0.write(statement, names) } }
  }

  fileprivate mutating func write(_ statement: Statement, _ names: [String]) {
    switch statement {
    case .note(let text): line("// \(text)")
    case .loop(let loop):
      let from = loop.lower.indices.map(\.description).joined(separator: ", ")
      let to = loop.upper.indices.map(\.description).joined(separator: ", ")
      let lower = loop.lower.indices.count == 1 ? from : "max(\(from))"
      let upper = loop.upper.indices.count == 1 ? to : "min(\(to))"
      let kind = loop.kind == .unrolled ? "unrolled " : ""
      line("\(kind)for \(loop.variable.name) in \(lower)..<\(upper) {")
      write(loop.body, names)
      line("}")
    case .bind(let local, let value):
      line("let \(local.name): \(local.type) = \(value.text(names))")
    case .declare(let array, let value):
      let extents = array.extents.map { "[\($0)]" }.joined()
      line("var \(array.name)\(extents): \(array.type) = \(value.text(names))")
    case .set(let array, let indices, let value):
      line("\(array.name)\(indices.subscriptText) = \(value.text(names))")
    case .store(let access, let value):
      line("\(access.text(names, lanes: value.type.lanes)) = \(value.text(names))")
    case .branch(let condition, let first, let second):
      line("if \(condition.text(names)) {")
      write(first, names)
      if !second.isEmpty {
        line("} else {")
        write(second, names)
      }
      line("}")
    }
  }
}

extension [Index] {
  fileprivate var subscriptText: String { map { "[\($0)]" }.joined() }
}

extension Access {
  fileprivate func text(_ names: [String], lanes: Int) -> String {
    let name = parameter < names.count ? names[parameter] : "p\(parameter)"
    return lanes == 1 ? "\(name)[\(index)]" : "\(name)[\(index) +: \(lanes)]"
  }
}

extension Expression {
  fileprivate func text(_ names: [String]) -> String {
    switch self {
    case .float(let value, _): return "\(value)"
    case .integer(let value, _): return "\(value)"
    case .local(let local): return local.name
    case .register(let array, let indices): return array.name + indices.subscriptText
    case .load(let access, let lanes): return access.text(names, lanes: lanes)
    case .index(let index, let element): return "\(element)(\(index))"
    case .unary(let op, let x): return "\(op.rawValue)(\(x.text(names)))"
    case .binary(let op, let x, let y):
      guard let symbol = op.symbol else {
        return "\(op.rawValue)(\(x.text(names)), \(y.text(names)))"
      }
      return "\(x.operandText(names)) \(symbol) \(y.operandText(names))"
    case .select(let condition, let x, let y):
      return "select(\(condition.text(names)), \(x.text(names)), \(y.text(names)))"
    case .convert(let x, let element, let mode):
      return "\(element)\(mode == .saturating ? ".saturating" : "")(\(x.text(names)))"
    case .reinterpret(let x, let element): return "bits.\(element)(\(x.text(names)))"
    case .splat(let x, let lanes): return "splat\(lanes)(\(x.text(names)))"
    case .horizontal(let op, let x): return "across.\(op.rawValue)(\(x.text(names)))"
    case .primitive(let primitive, let operands):
      return "\(primitive.rawValue)(" + operands.map { $0.text(names) }.joined(separator: ", ")
        + ")"
    }
  }

  private func operandText(_ names: [String]) -> String {
    if case .binary(let op, _, _) = self, op.symbol != nil { return "(\(text(names)))" }
    return text(names)
  }
}

extension BinaryOperator {
  fileprivate var symbol: String? {
    switch self {
    case .add: "+"
    case .subtract: "-"
    case .multiply: "*"
    case .divide: "/"
    case .modulo: "%"
    case .and: "&"
    case .or: "|"
    case .xor: "^"
    case .shiftLeft: "<<"
    case .shiftRight: ">>"
    case .equal: "=="
    case .notEqual: "!="
    case .less: "<"
    case .lessEqual: "<="
    case .greater: ">"
    case .greaterEqual: ">="
    case .minimum, .maximum, .power: nil
    }
  }
}

extension ValueType: CustomStringConvertible {
  public var description: String { lanes == 1 ? "\(element)" : "\(element)x\(lanes)" }
}

extension Index: CustomStringConvertible {
  public var description: String {
    var text = ""
    for term in terms {
      let sign = term.factor < 0 ? (text.isEmpty ? "-" : " - ") : (text.isEmpty ? "" : " + ")
      let size = term.factor.magnitude
      text += sign + (size == 1 ? "" : "\(size)*") + term.atom.description
    }
    if text.isEmpty { return "\(constant)" }
    if constant == 0 { return text }
    return text + (constant < 0 ? " - " : " + ") + "\(constant.magnitude)"
  }
}

extension Index.Atom: CustomStringConvertible {
  public var description: String {
    switch self {
    case .loop(let variable): variable.name
    case .local(let local): local.name
    case .quotient(let index, let divisor): "((\(index)) / \(divisor))"
    case .remainder(let index, let divisor): "((\(index)) % \(divisor))"
    }
  }
}

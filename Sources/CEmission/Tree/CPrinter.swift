// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// Turns the tree of C into text: the only place that knows braces, indentation and precedence.
struct CPrinter {
  private var out = TextWriter()

  /// The text so far.
  var bytes: Bytes { out.bytes }

  mutating func print(_ item: CItem) {
    switch item {
    case .system(let name): out.line("#include <\(name)>")
    case .header(let name): out.line("#include \"\(name)\"")
    case .define(let name, let parameters, let value):
      defineTokens(name, parameters, value.map { Self.text($0) } ?? "")
    case .defineTokens(let name, let parameters, let tokens):
      defineTokens(name, parameters, tokens)
    case .pragma(let text): out.line("#pragma \(text)")
    case .conditional(let condition, let items, let others):
      out.line("#if \(condition)")
      for item in items { print(item) }
      if !others.isEmpty {
        out.line("#else")
        for item in others { print(item) }
      }
      out.line("#endif")
    case .error(let text): out.line("#error \(text)")
    case .typedef(let type, let name, let attributes):
      out.line("typedef \(type.declaring(name))\(attributes.isEmpty ? "" : " " + attributes);")
    case .array(let array): print(array)
    case .function(let function): print(function)
    case .externC(let open):
      out.line("#ifdef __cplusplus")
      out.line(open ? "extern \"C\" {" : "}")
      out.line("#endif")
    case .comment(let lines): comment(lines)
    case .library(let text): out.line(text)
    case .blank: out.line()
    }
  }

  private mutating func defineTokens(_ name: String, _ parameters: [String]?, _ tokens: String) {
    let list = parameters.map { "(" + $0.joined(separator: ", ") + ")" } ?? ""
    out.line("#define \(name)\(list)\(tokens.isEmpty ? "" : " " + tokens)")
  }

  private mutating func comment(_ lines: [String]) {
    let safe = lines.map(Self.commentText)
    if safe.count == 1 { return out.line("/* \(safe[0]) */") }
    for (i, line) in safe.enumerated() {
      let text = i == 0 ? "/* \(line)" : line.isEmpty ? " *" : " * \(line)"
      out.line(i == safe.count - 1 ? text + " */" : text)
    }
  }

  /// The text without what would end the comment or the line.
  private static func commentText(_ text: String) -> String {
    var result = ""
    var last: Unicode.Scalar = " "
    for scalar in text.unicodeScalars {
      let isControl = scalar.value < 0x20 || scalar.value == 0x7F
      if last == "*" && scalar == "/" || last == "/" && scalar == "*" { result += " " }
      result.unicodeScalars.append(isControl || scalar == "\\" ? " " : scalar)
      last = scalar
    }
    return result
  }

  private mutating func print(_ array: CArray) {
    let aligned = array.alignment.map { " " + Self.text($0) } ?? ""
    let head = "\(array.specifier) \(array.type.declaring(array.name))[\(array.count)]\(aligned)"
    switch array.data {
    case .external, .zero: out.line(head + ";")
    case .elements(let bytes, let element):
      out.line(head + " = {")
      CArrayText.write(bytes, element, to: &out)
      out.line("};")
    }
  }

  private mutating func print(_ function: CFunction) {
    let parameters = function.parameters.map { $0.type.declaring($0.name) }
    var head = (function.specifier.isEmpty ? "" : function.specifier + " ")
      + function.result.declaring(function.name) + "("
    let list = parameters.isEmpty ? "void" : parameters.joined(separator: ", ")
    let close = function.body == nil ? ");" : ")"
    if head.utf8.count + list.utf8.count + close.utf8.count <= 100 {
      head += list
      out.line(head + close)
    } else {
      out.line(head)
      for (i, parameter) in parameters.enumerated() {
        out.line("    " + parameter + (i == parameters.count - 1 ? close : ","))
      }
    }
    guard let body = function.body else { return }
    out.line("{")
    out.indented { for statement in body { $0.print(statement) } }
    out.line("}")
  }

  /// The text of an expression.
  static func text(_ expression: CExpr) -> String {
    var text = ""
    append(expression, to: &text)
    return text
  }

  private static func append(_ expression: CExpr, to text: inout String) {
    switch expression {
    case .name(let name): text += name
    case .literal(let literal): text += literal.text
    case .call(let function, let arguments):
      text += function + "("
      for (i, argument) in arguments.enumerated() {
        if i > 0 { text += ", " }
        append(argument, to: &text)
      }
      text += ")"
    case .unary(let symbol, let x):
      text += symbol.rawValue
      // Two signs in a row would read as one token.
      append(x, wrapped: precedence(x) < 15 || startsWithSign(x), to: &text)
    case .binary(let symbol, let a, let b):
      append(a, wrapped: needsParentheses(a, in: symbol, isRight: false), to: &text)
      text += " \(symbol.rawValue) "
      append(b, wrapped: needsParentheses(b, in: symbol, isRight: true), to: &text)
    case .conditional(let condition, let a, let b):
      // Clang warns of a condition that is an operator on bits.
      let binding = precedence(condition)
      append(condition, wrapped: binding <= 3 || (6...8).contains(binding), to: &text)
      text += " ? "
      append(a, wrapped: precedence(a) <= 3, to: &text)
      text += " : "
      append(b, wrapped: precedence(b) <= 3, to: &text)
    case .cast(let type, let x):
      text += "(" + type.declaring("") + ")"
      append(x, wrapped: precedence(x) < 15, to: &text)
    case .subscripted(let array, let indices):
      append(array, wrapped: precedence(array) < 16, to: &text)
      for index in indices {
        text += "["
        append(index, to: &text)
        text += "]"
      }
    }
  }

  private static func append(_ expression: CExpr, wrapped: Bool, to text: inout String) {
    if wrapped { text += "(" }
    append(expression, to: &text)
    if wrapped { text += ")" }
  }

  private static func startsWithSign(_ x: CExpr) -> Bool {
    switch x {
    case .unary: true
    case .literal(let literal): literal.isPrefixed
    default: false
    }
  }

  private static func precedence(_ expression: CExpr) -> Int {
    switch expression {
    case .name, .call, .subscripted: 16
    case .literal(let literal): literal.isPrefixed ? 15 : 16
    case .unary, .cast: 15
    case .binary(let symbol, _, _): symbol.precedence
    case .conditional: 3
    }
  }

  private static func needsParentheses(_ x: CExpr, in outer: CBinary, isRight: Bool) -> Bool {
    switch x {
    case .binary(let inner, _, _):
      if inner.isArithmetic, outer.isArithmetic {
        return isRight
          ? inner.precedence <= outer.precedence : inner.precedence < outer.precedence
      }
      if inner.isArithmetic, outer.isComparison { return false }
      if inner == outer, !isRight, outer.precedence <= 8 { return false }
      if inner.isComparison, outer == .bothHold || outer == .oneHolds { return false }
      return true
    case .conditional: return true
    default: return false
    }
  }
}

extension TextWriter {
  /// Writes a statement of C.
  fileprivate mutating func print(_ statement: CStmt) {
    switch statement {
    case .variable(let v):
      let extents = v.extents.map { "[\($0)]" }.joined()
      let initial = v.initial.map { " = " + CPrinter.text($0) } ?? ""
      line("\(v.isConst ? "const " : "")\(v.type.declaring(v.name))\(extents)\(initial);")
    case .assign(let place, let value):
      line(CPrinter.text(place) + " = " + CPrinter.text(value) + ";")
    case .evaluate(let value): line(CPrinter.text(value) + ";")
    case .loop(let name, let from, let to, let unroll, let body):
      if let unroll { line(CPrinter.text(unroll)) }
      let head = CPrinter.text(.binary(.less, .name(name), to))
      block("for (ptrdiff_t \(name) = \(CPrinter.text(from)); \(head); \(name)++) {", body)
    case .branch(let condition, let first, let second):
      line("if (\(CPrinter.text(condition))) {")
      indented { for statement in first { $0.print(statement) } }
      if !second.isEmpty {
        line("} else {")
        indented { for statement in second { $0.print(statement) } }
      }
      line("}")
    case .block(let body): block("{", body)
    case .giveBack(let value): line("return \(CPrinter.text(value));")
    case .comment(let text):
      var printer = CPrinter()
      printer.print(CItem.comment([text]))
      write(String(decoding: printer.bytes.withUnsafeBytes { Array($0) }, as: UTF8.self))
    case .whenDefined(let name, let inner):
      line("#if !defined(\(name))")
      print(inner)
      line("#endif")
    }
  }

  private mutating func block(_ open: String, _ body: [CStmt]) {
    line(open)
    indented { for statement in body { $0.print(statement) } }
    line("}")
  }
}

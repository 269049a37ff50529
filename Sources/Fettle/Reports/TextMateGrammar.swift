// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// The colours of `.fettle` files for editors that read TextMate grammars, made from the op set.
enum TextMateGrammar {
  /// The grammar as JSON.
  static func text(_ toolkit: Toolkit) -> String {
    let patterns = rules(toolkit).map { rule in
      var members = [JSONValue.Member("match", .string(rule.match))]
      if rule.scopes.count == 1 {
        members.append(.init("name", .string(scope(rule.scopes[0]))))
      } else {
        let captures = rule.scopes.enumerated().map { number, name in
          JSONValue.Member("\(number + 1)", .object([.init("name", .string(scope(name)))]))
        }
        members.append(.init("captures", .object(captures)))
      }
      return JSONValue.object(members)
    }
    return JSONValue.object([
      .init("$schema", "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json"),
      .init("name", "Fettle"),
      .init("comment", "Made by 'fettle describe grammar'; a test fails when it is stale."),
      .init("scopeName", "source.fettle"),
      .init("fileTypes", .array([.string("fettle")])),
      .init("patterns", .array(patterns)),
    ]).pretty
  }

  /// A regular expression, and the scope of the match or of its groups.
  private struct Rule {
    let match: String
    let scopes: [String]

    init(_ match: String, _ scopes: String...) {
      self.match = match
      self.scopes = scopes
    }
  }

  /// In the order in which they are tried; none looks behind, which not every engine can.
  private static func rules(_ toolkit: Toolkit) -> [Rule] {
    let word = "[A-Za-z_][A-Za-z0-9_.\\-]*"
    let string = "\"(?:[^\"\\\\]|\\\\.)*\""
    let end = "(?![A-Za-z0-9_.\\-])"
    let ops = toolkit.ops.kinds.map { $0.name }.joined(separator: "|")
    let elements = ElementType.allCases.map(\.rawValue).joined(separator: "|")
    return [
      Rule(
        "(//)\\s*((?:RUN|CHECK|COMPARE)[A-Z\\-]*(?:\\([0-9]+\\))?:)(.*)$", "comment.line.double-slash",
        "keyword.other.directive", "string.unquoted.directive"),
      Rule("//.*$", "comment.line.double-slash"),
      Rule("(=)\\s*(\(ops))\(end)", "keyword.operator.assignment", "entity.name.function.op"),
      Rule("%(?:\(string)|[0-9]+|\(word))", "variable.other.value"),
      Rule("@(?:\(string)|\(word))", "constant.other.tensor"),
      Rule(string, "string.quoted.double"),
      Rule("(?:\(elements))(?=\\[)", "storage.type.element"),
      Rule("#[0-9a-f]+", "constant.other.digest"),
      Rule("(?:graph|constants|parameter|state|stats|loc)\(end)", "keyword.control"),
      Rule("(\(word))(=)", "variable.parameter.attribute", "keyword.operator.assignment"),
      Rule("-?(?:[0-9]+(?:\\.[0-9]+)?(?:[eE][+\\-]?[0-9]+)?|inf|nan)\(end)", "constant.numeric"),
      Rule("(?:true|false)\(end)", "constant.language"),
      Rule("_\(end)", "constant.language.absent"),
      Rule(word, "meta.word"),
      Rule("->", "keyword.operator.arrow"),
    ]
  }

  private static func scope(_ name: String) -> String { name + ".fettle" }
}

// SPDX-License-Identifier: Apache-2.0
import Passes
import Rules

extension Reference {
  /// The language of rules, and the rules of Fettle itself.
  static func rules() -> ReferenceDocument {
    ReferenceDocument(
      title: "Rules",
      introduction: """
        The language of `fettle opt --rules FILE` and of the pass `rules{file=FILE}`, and the rules of Fettle itself. The guide is
        [rules.md](../rules.md).

        ```
        file        ::= rule*
        rule        ::= ('///' text)* 'rule' name '{' pattern '}' ('where' '{' condition* '}')? '=>' '{' replacement '}'
        pattern     ::= (('%' | '@') name ':' type | results '=' op operands attributes (':' type)?)*
        condition   ::= expression ('else' "reason")? | '$' name '=' expression
        replacement ::= (results '=' op operands attributes (':' type)? | '%' name '=' ('%' | '@') name
                        | '@' name '=' element '[' extents ']' '[' elements ']')*
        ```
        """,
      entries: [pattern, conditions, replacement, functions, canonical])
  }

  private static let pattern = ReferenceDocument.Entry(
    name: "pattern",
    summary: "ops in the text form of graphs; the results of the last one are replaced, all others lead to it",
    parts: [
      ("%x", "operand", "any tensor, or the result of an op above; the same tensor wherever it stands"),
      ("%x?", "operand", "a tensor that may be absent"),
      ("@c", "operand", "a constant"),
      ("0.5 ~ 1e-3", "operand", "a constant all of whose elements are the number, give or take the tolerance if one is given"),
      ("_", "operand", "an optional operand that is absent, as all behind the last one are"),
      ("name=value", "attribute", "has this value; what is not mentioned has its default"),
      ("name=a|b", "attribute", "has one of these values"),
      ("name=$p", "attribute", "any value; equal values wherever it stands"),
      ("name=_", "attribute", "any value"),
      ("...", "attribute", "at the end: all others have any value"),
      ("float[_, $c, 3, ...]", "type", "an element type, float, int, any or $e; an extent, _ or $c for each axis; ... for further axes"),
    ])

  private static let conditions = ReferenceDocument.Entry(
    name: "where",
    summary: "conditions, all of which must hold, one a line or with commas between them",
    parts: [
      ("expression else \"reason\"", "condition", "the reason is what a trace tells when the condition does not hold"),
      ("$n = expression", "name", "binds a name for the lines below"),
      ("or, and, not", "operator", "of conditions"),
      ("==, !=", "operator", "of integers, numbers, words, lists, truths, tensor types, tensors"),
      ("<=, <, >=, >", "operator", "of integers and numbers"),
      ("a in b", "operator", "whether a list has an entry, or all entries of another list"),
      ("+, -, *", "operator", "of integers, numbers and lists, entry by entry; what leaves the range of integers declines"),
      ("a / b", "operator", "the quotient as a number; integers: div(a, b)"),
      ("[a, b, c]", "operand", "a list of integers, numbers or words"),
      ("if(c, a, b)", "operand", "a if the condition holds, else b"),
      ("f32, relu, inf, true", "operand", "element types and words of attributes; numbers; truths"),
    ])

  private static let replacement = ReferenceDocument.Entry(
    name: "replacement",
    summary: "what takes the place of the last op's results: each must be given a tensor of the same type",
    parts: [
      ("%y = op %x {name=expression}", "op", "a new op; attributes that are words are written out or a $hole"),
      ("{...%t, name=expression}", "attributes", "those of the pattern's op that makes %t, some of them changed"),
      ("%y = %x", "tensor", "a tensor that is there already"),
      ("@c = f32[1, $n] [2 * splat(@a) ...]", "constant", "a new constant: one element for all, or a list of them"),
    ])

  private static let functions = ReferenceDocument.Entry(
    name: "functions", summary: "of expressions; what has no value declines",
    parts: RuleFunction.all.map { ("\($0.name)(\($0.form))", "function", $0.summary) })

  private static let canonical = ReferenceDocument.Entry(
    name: "rules of canonicalize",
    summary: "applied by the pass `canonicalize`, the first that applies to an op",
    parts: canonicalRules.rules.map { ($0.name, $0.op, $0.documentation) })
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors

// Types with holes.
//
//     type    ::= element ('[' (axis (',' axis)*)? (',' '...')? ']')?
//     element ::= 'f32' | … | 'float' | 'int' | 'any' | '$' name
//     axis    ::= integer | '_' | '$' name
extension RuleParser {
  mutating func typePattern() throws(Failure) -> TypePattern {
    let start = offset
    var type = TypePattern()
    type.element = try elementPattern()
    if peekOnLine() == 0x5B, tokens.take("[") {
      var axes: [TypePattern.Axis] = []
      if !tokens.take("]") {
        repeat {
          if tokens.take("...") {
            type.isOpen = true
            break
          }
          axes.append(try axisPattern())
          guard axes.count <= 64 else { throw tokens.failure("a type has at most 64 axes") }
        } while tokens.take(",")
        try tokens.expect("]")
      }
      type.axes = axes
    }
    type.text = String(decoding: bytes[start..<tokens.offset], as: UTF8.self)
    return type
  }

  private mutating func elementPattern() throws(Failure) -> TypePattern.Element {
    let start = offset
    if tokens.peek() == 0x24 {
      return .attribute(try attributeHole(try name(after: "$"), .element, at: start))
    }
    let word = try tokens.word()
    switch word {
    case "any": return .any
    case "float": return .float
    case "int": return .int
    default:
      guard let element = ElementType(rawValue: word) else {
        let names = ElementType.allCases.map(\.rawValue) + ["float", "int", "any"]
        throw failure(
          "'\(word)' is no element type", at: start, notes: Spelling.notes(for: word, among: names))
      }
      return .exactly(element)
    }
  }

  private mutating func axisPattern() throws(Failure) -> TypePattern.Axis {
    let start = offset
    if tokens.peek() == 0x24 {
      return .attribute(try attributeHole(try name(after: "$"), .int, at: start))
    }
    if takeWord("_") { return .any }
    let extent = try tokens.integer()
    guard extent >= 0 else { throw failure("an extent is not negative", at: start) }
    return .exactly(extent)
  }
}

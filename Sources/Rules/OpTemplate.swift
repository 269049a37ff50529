// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR

/// An op of a pattern or of a replacement without its operands: its kind, and what is fixed of its attributes. The
/// conformance knows the kind's own type, so that attributes are compared and set by their fields.
protocol OpTemplate: Sendable {
  var kind: any OpDefinition.Type { get }
  /// The variants of the kind that are meant; nil: all.
  var variants: [String]? { get }
  /// How an op of the graph compares with the fixed attributes.
  func compare(_ definition: any OpDefinition) -> OpComparison
  /// The attribute of a field of an op of this kind.
  func attribute(_ field: Int, of definition: any OpDefinition) -> RuleValue?
  /// The op with the fixed attributes and others set to the values' texts; those that are not mentioned are the base's.
  func make(_ values: [(field: Int, value: RuleValue)], base: (any OpDefinition)?) throws(Declined) -> any OpDefinition
}

/// What comes of comparing an op with a template.
enum OpComparison {
  case same, otherKind
  /// The attribute of this number is another.
  case otherAttribute(Int)
}

/// The template of one kind of op.
struct TypedTemplate<Op: OpDefinition>: OpTemplate {
  /// The fields that are fixed, each with ops that hold the values that it may have; without the variant.
  private var fixed: [(field: Int, choices: [Op])] = []
  /// The variants that are meant; nil: all. (Words compare faster than fields.)
  private(set) var variants: [String]?
  private var variantField = 0

  var kind: any OpDefinition.Type { Op.self }

  /// Fixes a field to the values that it has in some ops.
  mutating func fix(_ field: Int, _ choices: [Op]) {
    if Op.fields[field].name == Op.variantAttribute {
      variants = choices.map(\.variant)
      variantField = field
    } else {
      fixed.append((field, choices))
    }
  }

  func compare(_ definition: any OpDefinition) -> OpComparison {
    guard type(of: definition) == Op.self else { return .otherKind }
    if let variants, !variants.contains(definition.variant) { return .otherAttribute(variantField) }
    guard !fixed.isEmpty else { return .same }
    guard let op = definition as? Op else { return .otherKind }
    for (field, choices) in fixed {
      let same = Op.fields[field].same
      guard choices.contains(where: { same($0, op) }) else { return .otherAttribute(field) }
    }
    return .same
  }

  func attribute(_ field: Int, of definition: any OpDefinition) -> RuleValue? {
    (definition as? Op).map { RuleValue(Op.fields[field].value($0)) }
  }

  func make(
    _ values: [(field: Int, value: RuleValue)], base: (any OpDefinition)?
  ) throws(Declined) -> any OpDefinition {
    var op = base as? Op ?? Op()
    var texts = values.map { (field: $0.field, text: $0.value.text) }
    texts += fixed.map { ($0.field, Op.fields[$0.field].text($0.choices[0])) }
    if let variant = variants?.first { texts.append((variantField, variant)) }
    for (field, text) in texts {
      var scanner = AttributeScanner(text)
      do throws(Failure) {
        try Op.fields[field].parse(&op, &scanner)
      } catch {
        throw Declined(
          "'\(text)' cannot be attribute '\(Op.fields[field].name)' of \(Op.name): "
            + (error.diagnostics.first?.message ?? ""))
      }
    }
    return op
  }
}

// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

extension Target {
  /// The target of a name. Throws a usage failure with the nearest name if there is none.
  /// - Parameter host: what `host` stands for; without it, what is known of any host.
  public static func named(_ name: String, host: Target? = nil) throws(Failure) -> Target {
    if name == "host", let host { return host }
    if let target = standard.first(where: { $0.name == name }) { return target }
    throw Failure(
      "there is no target '\(name)'",
      notes: Spelling.notes(for: name, among: standard.map(\.name)), kind: .usage)
  }

  /// A user's own target: an object with the name of a `base` target and the fields that differ
  /// from it, as in `{"base": "m4", "name": "board", "ram-bytes": 65536}`. Throws every key that is no
  /// field, every value that has not the form, and what does not go together.
  public init(json: JSONValue, file: String = "", host: Target? = nil) throws(Failure) {
    let origin = Origin(file: file)
    guard let members = json.members else {
      throw Failure("a target is a JSON object", at: origin)
    }
    guard let base = json["base"]?.text else {
      throw Failure(
        "a target needs \"base\", the name of the target it is made from", at: origin,
        notes: ["known: " + Self.standard.map(\.name).joined(separator: ", ")])
    }
    do throws(Failure) {
      self = try Self.named(base, host: host)
    } catch {
      throw Failure(error.diagnostics).located(file: file)
    }
    var findings: [Diagnostic] = []
    for member in members where member.name != "base" {
      guard let field = Self.fields.first(where: { $0.name == member.name }) else {
        let notes = Spelling.notes(for: member.name, among: ["base"] + Self.fields.map(\.name))
        findings.append(
          Diagnostic("'\(member.name)' is no field of a target", at: origin, notes: notes))
        continue
      }
      if !field.read(&self, member.value) {
        findings.append(Diagnostic("'\(field.name)' takes \(field.form)", at: origin))
      }
    }
    if findings.isEmpty {
      findings = contradictions.map { Diagnostic($0, at: origin) }
    }
    guard findings.isEmpty else { throw Failure(findings) }
  }

  /// What does not go together in this target; nothing for one that can be used.
  public var contradictions: [String] {
    var found: [String] = []
    if name.isEmpty || !name.utf8.allSatisfy(Self.isNameByte) {
      found.append("the name '\(name)' is not made of letters, digits, '-', '_' and '.'")
    }
    for (field, bits) in [("vector-bits", vectorBits), ("float-vector-bits", floatVectorBits)] {
      if bits != 0, !(32...4096).contains(bits) || bits & (bits - 1) != 0 {
        found.append("\(field) is 0 or a power of two from 32 to 4096, not \(bits)")
      } else if bits > widestVectorBits {
        found.append(
          "\(field) is \(bits), but the features promise vectors of \(widestVectorBits) bits")
      }
    }
    let vectors = max(vectorBits, floatVectorBits)
    if codeStyle == .plain, vectors > 0 {
      found.append("code-style c99 has no vectors, but vectors of \(vectors) bits are asked for")
    }
    if vectors > 0, vectorRegisters < 1 {
      found.append("there are vectors but no vector-registers")
    }
    if floatUnit != .none, floatRegisters < 1 {
      found.append("there is a float-unit but no float-registers")
    }
    if integerRegisters < 1 { found.append("integer-registers must be at least 1") }
    for (field, count) in [
      ("vector-registers", vectorRegisters), ("float-registers", floatRegisters),
      ("integer-registers", integerRegisters),
    ] where count > 1024 {
      found.append("\(field) is \(count), more than any processor has")
    }
    if ![16, 32, 64].contains(pointerBits) {
      found.append("pointer-bits is 16, 32 or 64, not \(pointerBits)")
    }
    if compiler.first?.isEmpty ?? true { found.append("compiler names no compiler") }
    return found
  }

  private static func isNameByte(_ c: UInt8) -> Bool {
    let letter = (c | 0x20) >= 0x61 && (c | 0x20) <= 0x7A
    return letter || c >= 0x30 && c <= 0x39 || c == 0x2D || c == 0x2E || c == 0x5F
  }
}

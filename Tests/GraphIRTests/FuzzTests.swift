// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors
import Testing

/// Nothing that is read may trap; these tests fail by crashing.
@Suite struct GraphFuzz {
  @Test(arguments: Samples.names) func textIsReadOrRefused(_ name: String) throws {
    var random = TestRandom(name.utf8.count)
    let splices: [[UInt8]] = [
      "%", "@", "_", ",", "(", "{", "[", "]", "\"", "\\u{", "#", "//", "...", "-9223372036854775808", "1e999",
      "9223372036854775807", "0x", "\n", "140737488355328", "state", "stats(", "nan", "ÿ", "\u{0}", "= ", ": ",
    ].map { Array($0.utf8) }
    for text in try Samples.cases(name) {
      let bytes = Array(text.utf8)
      for _ in 0..<60 {
        var damaged = bytes
        for _ in 0..<Int.random(in: 1...3, using: &random) {
          let place = Int.random(in: 0..<damaged.count, using: &random)
          switch Int.random(in: 0..<4, using: &random) {
          case 0: damaged.removeSubrange(place...)
          case 1: damaged[place] = UInt8.random(in: 0...255, using: &random)
          case 2: damaged.insert(contentsOf: splices.randomElement(using: &random) ?? [], at: place)
          default:
            let end = min(damaged.count, place + Int.random(in: 1...20, using: &random))
            damaged.removeSubrange(place..<end)
          }
          if damaged.isEmpty { damaged = [0x20] }
        }
        if let graph = try? Graph.parse(text: String(decoding: damaged, as: UTF8.self)) {
          #expect(graph.verify().isEmpty)
          let printed = graph.text().text
          #expect(try Graph.parse(text: printed).text().text == printed)
        }
      }
    }
  }

  @Test(arguments: ["(", "[", "{", "({", "\"", "%", "%x", "@", "_,", "loc(", "\\u{", "//", "f32[", ","])
  func deepNestingIsRefused(_ part: String) {
    let deep = String(repeating: part, count: 20_000)
    for head in ["", "graph @g(", "graph @g() -> (", "graph @g() -> () {\n %y = ", "graph @g() -> () { @c = f32[2] ["] {
      #expect(throws: Failure.self) { try Graph.parse(text: head + deep) }
    }
  }

  @Test(arguments: OpSet.standard.kinds.map { $0.name }) func resultTypesNeverTrap(_ name: String) throws {
    var random = TestRandom(name.utf8.count * 31)
    let kind = try #require(OpSet.standard[name])
    for _ in 0..<4000 { tryOnce(kind, &random) }
  }

  private func tryOnce<Op: OpDefinition>(_ kind: Op.Type, _ random: inout TestRandom) {
    var op = Op()
    let rank = Int.random(in: 0...5, using: &random)
    for field in Op.fields where Bool.random(using: &random) {
      var scanner = AttributeScanner(value(field.form, rank: rank, &random))
      try? field.parse(&op, &scanner)
    }
    let count = Int.random(in: 0...Op.Operand.allCases.count, using: &random)
    let element = ElementType.allCases.randomElement(using: &random) ?? .f32
    let slots = (0..<count).map { _ -> TensorType? in
      if Int.random(in: 0..<8, using: &random) == 0 { return nil }
      let rank = Int.random(in: 0..<4, using: &random) == 0 ? Int.random(in: 0...5, using: &random) : rank
      let extents = (0..<rank).map { _ in Self.extents.randomElement(using: &random) ?? 1 }
      let other = Int.random(in: 0..<6, using: &random) == 0
      let type = other ? ElementType.allCases.randomElement(using: &random) ?? .i8 : element
      return Shape(extents).map { TensorType(type, $0) }
    }
    if let types = try? op.resultTypes(of: OperandTypes<Op>(slots)) { #expect(!types.isEmpty) }
  }

  private static let extents = [0, 1, 1, 1, 2, 2, 3, 4, 1 << 23, 1 << 24, 1 << 40, 1 << 47]

  private func value(_ form: String, rank: Int, _ random: inout TestRandom) -> String {
    let integers = ["0", "1", "2", "3", "-1", "-2", "4", "16777215", "1099511627776", "9223372036854775807", "-9223372036854775808"]
    let numbers = ["0", "1", "-0", "0.5", "2", "nan", "inf", "-inf", "1e308", "1e-320"]
    func one(_ form: String) -> String {
      switch form {
      case "integer": integers.randomElement(using: &random) ?? ""
      case "number": numbers.randomElement(using: &random) ?? ""
      case "true or false": Bool.random(using: &random) ? "true" : "false"
      default: form.split(separator: " | ").randomElement(using: &random).map(String.init) ?? ""
      }
    }
    guard form.hasPrefix("[") else { return one(form) }
    let count = [rank, max(0, rank - 2), 2 * max(0, rank - 2), 2 * rank].randomElement(using: &random) ?? 0
    let element = String(form.dropFirst().prefix { $0 != "," })
    return "[" + (0..<count).map { _ in one(element) }.joined(separator: ",") + "]"
  }
}

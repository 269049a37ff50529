// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import LoopIR
import Targets
import Tensors

extension EmissionPlan {
  /// `name_test.c`: runs the golden vectors and compares.
  func test(_ golden: GoldenVectors) throws(Failure) -> CFile {
    let inputs = program.ports.indices.filter { program.ports[$0].role == .input }
    let outputs = program.ports.indices.filter { program.ports[$0].role == .output }
    for sample in golden.samples {
      guard sample.inputs.map(\.type) == inputs.map({ program.ports[$0].type }),
        sample.outputs.map(\.type) == outputs.map({ program.ports[$0].type })
      else { throw Failure("the golden vectors do not have the types of the model's ports") }
    }
    guard portOrder.count == inputs.count + outputs.count else {
      throw Failure("a test of golden vectors needs a model without state and parameters")
    }
    var library = RuntimeLibrary(prefix: name + "_test_")
    var file = CFile()
    file.items = [.comment(banner), .blank, .header(name + ".h"), .blank, .system("math.h")]
    file.items += [.system("stddef.h"), .system("stdint.h")]
    file.items.append(
      .conditional("!defined(\(macro(.testWithoutOutput)))", [.system("stdio.h")], []))
    var body: [CStmt] = [.variable(CVariable(type: .int, name: "failed", initial: .integer(0)))]
    var arrays: [CItem] = []
    let aligned = "static \(macro("TEST_ALIGNED"))(\(macro("ARENA_ALIGN")))"
    if program.arenaBytes > 0 {
      arrays.append(
        .array(
          CArray(
            specifier: aligned, type: .named("unsigned char"), name: "arena",
            count: program.arenaBytes, data: .zero)))
    }
    for (s, sample) in golden.samples.enumerated() {
      var arguments: [CExpr] = []
      for (i, tensor) in sample.inputs.enumerated() {
        arrays.append(vector(tensor, "input_\(s)_\(i)"))
        arguments.append(.name("input_\(s)_\(i)"))
      }
      arguments += outputs.indices.map { .name("output_\($0)") }
      if weights == .bin { arguments.append(.name("weights")) }
      arguments.append(program.arenaBytes > 0 ? .name("arena") : .name("NULL"))
      let call = CExpr.call(name + "_run", arguments)
      body.append(
        .branch(.binary(.notEqual, call, .integer(0)), [.giveBack(.integer(2))], []))
      for (i, tensor) in sample.outputs.enumerated() {
        arrays.append(vector(tensor, "expected_\(s)_\(i)"))
        body.append(compare(tensor.type, sample: s, output: i, golden, &library))
      }
    }
    for (i, port) in outputs.enumerated() {
      let type = program.ports[port].type
      arrays.append(
        .array(
          CArray(
            specifier: "static", type: .named(RuntimeLibrary.stored(type.element)),
            name: "output_\(i)", count: max(1, Self.arrayCount(type)), data: .zero)))
    }
    body.append(report(golden.samples.count))
    body.append(.giveBack(.binary(.notEqual, .name("failed"), .integer(0))))
    if library.usesMemory { file.items.append(.system("string.h")) }
    file.items += [.blank] + testMacros + library.accessedTypeItems + [.blank] + arrays
    for text in library.texts { file.items += [.blank, .library(text)] }
    let parameters = weights == .bin
      ? [CVariable(type: .constPointer(.void), name: "weights")] : []
    let check = CFunction(
      result: .int, name: name + "_test", parameters: parameters, body: body)
    var declared = check
    declared.body = nil
    file.items += [.blank, .comment(["0: all outputs agree, 1: some differ, 2: the model did not run."])]
    file.items += [.function(declared), .function(check)]
    if weights != .bin {
      let main = CFunction(
        result: .int, name: "main", parameters: [],
        body: [.giveBack(.call(name + "_test", []))])
      file.items += [
        .blank, .conditional("!defined(\(macro("TEST_NO_MAIN")))", [.function(main)], []),
      ]
    }
    return file
  }

  private var testMacros: [CItem] {
    [
      .conditional(
        "defined(__GNUC__)",
        [
          .defineTokens(
            macro("TEST_ALIGNED"), parameters: ["n"], "__attribute__((aligned(n)))"),
          .defineTokens(
            macro("TEST_INLINE"), "static inline __attribute__((always_inline, unused))"),
        ],
        [
          .defineTokens(macro("TEST_ALIGNED"), parameters: ["n"], ""),
          .defineTokens(macro("TEST_INLINE"), "static inline"),
        ])
    ]
  }

  private func vector(_ tensor: Tensor, _ name: String) -> CItem {
    .array(
      CArray(
        specifier: "static const", type: .named(RuntimeLibrary.stored(tensor.element)), name: name,
        count: max(1, Self.arrayCount(tensor.type)),
        data: .elements(tensor.bytes, tensor.element)))
  }

  /// The loop that compares one output: equal, both no number, or within the tolerance.
  private func compare(
    _ type: TensorType, sample: Int, output: Int, _ golden: GoldenVectors,
    _ library: inout RuntimeLibrary
  ) -> CStmt {
    let load = library.load(type.element)
    func element(_ array: String) -> CExpr {
      load.map { .call($0, [.name(array), .name("i")]) }
        ?? .subscripted(.name(array), [.name("i")])
    }
    let double = CType.named("double")
    let got = CVariable(
      type: double, name: "got", isConst: true,
      initial: .cast(double, element("output_\(output)")))
    let want = CVariable(
      type: double, name: "want", isConst: true,
      initial: .cast(double, element("expected_\(sample)_\(output)")))
    let bound = CExpr.literal(.double(golden.absolute))
      + .literal(.double(golden.relative)) * .call("fabs", [.name("want")])
    let isNear = CExpr.binary(
      .lessEqual, .call("fabs", [.name("got") - .name("want")]), bound)
    let areNaN = CExpr.binary(
      .bothHold, .binary(.notEqual, .name("got"), .name("got")),
      .binary(.notEqual, .name("want"), .name("want")))
    let agree = CExpr.binary(
      .oneHolds, .binary(.equal, .name("got"), .name("want")),
      .binary(.oneHolds, isNear, areNaN))
    return .loop(
      name: "i", from: .integer(0), to: .integer(type.shape.elementCount), unroll: nil,
      [
        .variable(got), .variable(want),
        .branch(
          .unary(.not, agree), [.assign(.name("failed"), .name("failed") + .integer(1))], []),
      ])
  }

  private func report(_ samples: Int) -> CStmt {
    let text = CExpr.literal(.string("\(name): \(samples) samples, %d values differ\n"))
    return .whenDefined(
      not: macro(.testWithoutOutput), .evaluate(.call("printf", [text, .name("failed")])))
  }
}

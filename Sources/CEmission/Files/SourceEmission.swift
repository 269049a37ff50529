// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import LoopIR
import Tensors

extension EmissionPlan {
  /// `name.c`: vector types, library, kernels, `name_run`.
  func source() -> CFile {
    var library = RuntimeLibrary(prefix: name + "_")
    var functions: [CFunction] = []
    var names = CNames(reserved: [name + "_run"] + constants.map(\.name))
    let kernelNames = program.kernels.map { names.unique("\(name)_\($0.name)") }
    for (kernel, kernelName) in zip(program.kernels, kernelNames) {
      var translator = KernelTranslator(kernel, library: library)
      functions.append(translator.function(named: kernelName))
      library = translator.library
    }
    var file = CFile()
    file.items = [.comment(banner), .blank]
    if !options.singleFile { file.items.append(.header(name + ".h")) }
    file.items += prologue(library)
    file.items += data
    for text in library.texts { file.items += [.blank, .library(text)] }
    for function in functions { file.items += [.blank, .function(function)] }
    file.items += [.blank, .function(run(kernelNames))]
    if options.singleFile { file.items += entry }
    return file
  }

  /// Includes, macros and types in front of the functions.
  private func prologue(_ library: RuntimeLibrary) -> [CItem] {
    let needsMath = library.usesMath || weights == .c && options.singleFile && dataNeedsMath
    var items: [CItem] = []
    // In ISO mode GCC keeps products and sums apart; outside it the pragma sees to that, and for Clang the
    // standard's own.
    items.append(
      .conditional(
        "defined(__clang__)", [.pragma("STDC FP_CONTRACT OFF")],
        [
          .conditional(
            "defined(__GNUC__) && !defined(__STRICT_ANSI__)",
            [.pragma("GCC optimize (\"fp-contract=off\")")], [])
        ]))
    if needsMath { items.append(.system("math.h")) }
    items += [.system("stddef.h"), .system("stdint.h")]
    if library.usesMemory { items.append(.system("string.h")) }
    if library.usesIntrinsics { items += Self.intrinsics }
    items.append(.blank)
    if options.singleFile { items += sizes + [.blank] }
    items += macros
    items += library.accessedTypeItems
    if !library.vectors.isEmpty { items += vectorTypes(library.vectors) }
    return items
  }

  private static let intrinsics: [CItem] = [
    .conditional("defined(__SSE__)", [.system("immintrin.h")], []),
    .conditional("defined(__ARM_NEON)", [.system("arm_neon.h")], []),
    .conditional("defined(__ARM_FEATURE_MVE)", [.system("arm_mve.h")], []),
    .conditional("defined(__ARM_FEATURE_DSP)", [.system("arm_acle.h")], []),
  ]

  /// The macros that a project may set to place code, weights and calls elsewhere.
  private var macros: [CItem] {
    var items: [CItem] = [
      .comment(["What may be set from outside: the section of the weights, the kind of the kernels."]),
      settable(.constants),
      .conditional(
        "defined(__GNUC__)",
        [
          // GCC 12 at -O3 takes calls of kernels for free of effects and drops them, unless they are closed to it.
          .conditional(
            "defined(__has_attribute)",
            [
              .conditional(
                "__has_attribute(noipa)", [settable(.kernel, "static __attribute__((noipa))")], [])
            ], []),
          // Older compilers and Clang: a use that they cannot see keeps the arguments as they are.
          .conditional(
            "defined(__clang__)",
            [settable(.kernel, "static __attribute__((noinline, used))")],
            [settable(.kernel, "static __attribute__((noinline, noclone, used))")]),
          .defineTokens(
            macro("INLINE"), "static inline __attribute__((always_inline, unused))"),
          .defineTokens(macro("PRAGMA"), parameters: ["text"], "_Pragma(#text)"),
          .defineTokens(
            macro("UNROLL"), parameters: ["turns"], "\(macro("PRAGMA"))(GCC unroll turns)"),
          .defineTokens(macro("ALIGNED"), parameters: ["n"], "__attribute__((aligned(n)))"),
        ],
        [
          settable(.kernel),
          .defineTokens(macro("INLINE"), "static inline"),
          .defineTokens(macro("UNROLL"), parameters: ["turns"], ""),
          .defineTokens(macro("ALIGNED"), parameters: ["n"], ""),
        ]),
    ]
    if options.singleFile { items.append(settable(.arenaAttribute)) }
    if options.profile {
      items.append(.comment(["Called before each step, with its number and its layers."]))
      items.append(settable(.profile))
    }
    return items
  }

  /// The definition of a macro that stands unless it was set.
  func settable(_ word: SettableMacro, _ tokens: String? = nil) -> CItem {
    let definition = CItem.defineTokens(
      macro(word), parameters: word.parameters, tokens ?? word.usual ?? "")
    return .conditional("!defined(\(macro(word)))", [definition], [])
  }

  private func vectorTypes(_ vectors: [RuntimeLibrary.VectorType]) -> [CItem] {
    var items: [CItem] = [
      .blank,
      .conditional(
        "defined(__GNUC__)",
        [.pragma("GCC diagnostic ignored \"-Wpsabi\"")], []),
    ]
    for vector in vectors {
      let scalar = CType.named(RuntimeLibrary.scalar(vector.element))
      let bytes = vector.element.bitCount / 8 * vector.lanes
      let type = "\(name)_\(vector.element)x\(vector.lanes)"
      items.append(
        .typedef(scalar, type, attributes: "__attribute__((vector_size(\(bytes))))"))
      items.append(
        .typedef(
          scalar, type + "u",
          attributes:
            "__attribute__((vector_size(\(bytes)), aligned(\(vector.element.bitCount / 8)), may_alias))"
        ))
    }
    return items
  }

  /// `name_run`.
  private func run(_ kernelNames: [String]) -> CFunction {
    var body: [CStmt] = []
    let pointers = portOrder.filter { Self.arrayCount(program.ports[$0].type) > 0 }
      .map { portNames[$0] } + (weights == .bin ? ["weights"] : [])
      + (program.arenaBytes > 0 ? ["arena"] : [])
    if let condition = pointers.map({ CExpr.binary(.equal, .name($0), .name("NULL")) })
      .reduced(by: .oneHolds)
    {
      body.append(.branch(condition, [.giveBack(.integer(1))], []))
    }
    var aligned: [(String, CExpr)] = []
    if program.arenaBytes > 0, program.arenaAlignment > 1 {
      aligned.append(("arena", .name(macro("ARENA_ALIGN"))))
    }
    if weights == .bin { aligned.append(("weights", .integer(layout.alignment))) }
    if let condition = aligned.map({ pointer, alignment in
      CExpr.binary(
        .notEqual,
        .binary(
          .modulo, .cast(.named("uintptr_t"), .name(pointer)), alignment), .integer(0))
    }).reduced(by: .oneHolds) {
      body.append(.branch(condition, [.giveBack(.integer(2))], []))
    }
    if program.arenaBytes == 0 { body.append(.evaluate(.cast(.void, .name("arena")))) }
    let used = usedPorts
    for port in portOrder where Self.arrayCount(program.ports[port].type) == 0 && !used.contains(port) {
      body.append(.evaluate(.cast(.void, .name(portNames[port]))))
    }
    for (number, step) in program.steps.enumerated() {
      let layers = step.layers.joined(separator: ", ")
      if options.profile {
        body.append(
          .evaluate(
            .call(macro(.profile), [.integer(number), .literal(.string(layers))])))
      }
      if !layers.isEmpty { body.append(.comment(layers)) }
      let arguments = zip(program.kernels[step.kernel].parameters, step.arguments)
        .map { argument($1, for: $0) }
      body.append(.evaluate(.call(kernelNames[step.kernel], arguments)))
    }
    body.append(.giveBack(.integer(0)))
    return CFunction(
      specifier: options.singleFile ? "static" : "", result: .int, name: name + "_run",
      parameters: runParameters, body: body)
  }

  private var usedPorts: Set<Int> {
    var used: Set<Int> = []
    for step in program.steps {
      for buffer in step.arguments {
        if case .port(let port) = program.buffers[buffer].storage { used.insert(port) }
      }
    }
    return used
  }

  /// A buffer as the argument of a kernel's parameter.
  private func argument(_ position: Int, for parameter: Parameter) -> CExpr {
    let buffer = program.buffers[position]
    let stored = CType.named(RuntimeLibrary.stored(parameter.element))
    let pointer = CType.pointer(stored, isConst: !parameter.isWritten, isRestrict: false)
    let raw = CType.pointer(.void, isConst: !parameter.isWritten, isRestrict: false)
    let bytes = CType.pointer(
      .named("unsigned char"), isConst: !parameter.isWritten, isRestrict: false)
    func same(_ element: ElementType) -> Bool {
      RuntimeLibrary.stored(element) == RuntimeLibrary.stored(parameter.element)
    }
    func at(_ offset: Int, in name: String, _ bytes: CType) -> CExpr {
      let start = CExpr.cast(bytes, .name(name))
      return .cast(pointer, .cast(raw, offset == 0 ? start : start + .integer(offset)))
    }
    switch buffer.storage {
    case .port(let port):
      guard buffer.byteOffset == 0 else { return at(buffer.byteOffset, in: portNames[port], bytes) }
      let name = CExpr.name(portNames[port])
      return same(program.ports[port].type.element) ? name : .cast(pointer, .cast(raw, name))
    case .arena(let offset): return at(offset, in: "arena", bytes)
    case .constant:
      let constant = constants.first { $0.buffer == position }
      let offset = constant?.offset ?? 0
      let constBytes = CType.constPointer(.named("unsigned char"))
      switch weights {
      case .bin: return at(offset, in: "weights", constBytes)
      case .incbin: return at(offset, in: name + "_weights", constBytes)
      case .c, .automatic:
        let name = CExpr.name(constant?.name ?? name)
        return same(buffer.layout.type.element) ? name : .cast(pointer, .cast(raw, name))
      }
    }
  }

  /// onnx2c's entry point over a static arena.
  private var entry: [CItem] {
    let arena = name + "_arena"
    var items: [CItem] = []
    var last = CExpr.integer(0)
    if program.arenaBytes > 0 {
      items += [
        .blank,
        .array(
          CArray(
            specifier: "static \(macro(.arenaAttribute))", type: .named("unsigned char"), name: arena,
            count: program.arenaBytes,
            alignment: .call(macro("ALIGNED"), [.name(macro("ARENA_ALIGN"))]), data: .zero)),
      ]
      last = .name(arena)
    }
    let parameters = Array(runParameters.dropLast())
    func function(_ body: [CStmt]?) -> CItem {
      .function(CFunction(result: .void, name: "entry", parameters: parameters, body: body))
    }
    let call = CExpr.call(name + "_run", parameters.map { .name($0.name) } + [last])
    items += [.blank, function(nil), .blank, function([.evaluate(.cast(.void, call))])]
    return items
  }
}

extension [CExpr] {
  /// All of them joined by an operator; nil if there are none.
  fileprivate func reduced(by symbol: CBinary) -> CExpr? {
    guard let first else { return nil }
    return dropFirst().reduce(first) { .binary(symbol, $0, $1) }
  }
}

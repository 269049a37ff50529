// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import LoopIR
import Targets
import Tensors

/// The names and choices that all files of a model share.
struct EmissionPlan {
  let program: Program
  let options: EmissionOptions
  /// The prefix of all global names, without the underscore.
  let name: String
  /// The same for macros.
  let upper: String
  /// How the weights are written; never `automatic`.
  let weights: WeightStorage
  /// The C names of the ports' parameters, by position.
  let portNames: [String]
  /// The macro words of the ports.
  let portMacros: [String]
  /// The positions of the ports in the order of the parameters: inputs, outputs, then the others.
  let portOrder: [Int]
  /// For each constant buffer, in order of position: its C name and its offset in the one big file.
  let constants: [(buffer: Int, name: String, offset: Int)]
  /// Where the constants lie.
  let layout: WeightLayout

  /// The plan for a program; throws if the target's C cannot say what its kernels do.
  init(_ program: Program, _ options: EmissionOptions) throws(Failure) {
    self.program = program
    self.options = options
    name = CNames.legal(program.name, fallback: "model")
    upper = CNames.upper(name)
    if options.target.codeStyle == .plain,
      let kernel = program.kernels.first(where: { $0.vectorUse == .vectors })
    {
      throw Failure(
        "kernel '\(kernel.name)' uses vectors, which plain C does not have",
        notes: ["target '\(options.target.name)' takes plain C"], kind: .unsupported)
    }
    var names = CNames(reserved: ["arena", "weights", "base", name])
    portNames = program.ports.map { names.unique($0.name) }
    var macros = CNames(reserved: ["ARENA", "WEIGHTS", "FLASH", "INPUT_OFFSET"])
    portMacros = program.ports.map { macros.unique(CNames.upper(CNames.legal($0.name))) }
    portOrder =
      program.ports.indices.filter { program.ports[$0].role == .input }
      + program.ports.indices.filter { program.ports[$0].role == .output }
      + program.ports.indices.filter {
        program.ports[$0].role != .input && program.ports[$0].role != .output
      }
    let layout = WeightLayout(program, options.target)
    self.layout = layout
    var constantNames = CNames()
    let prefix = name
    constants = layout.places.map { buffer, offset in
      (buffer, constantNames.unique("\(prefix)_w_\(program.buffers[buffer].name)"), offset)
    }
    switch options.weights {
    case .automatic:
      let isSmall = layout.byteCount <= EmissionOptions.incbinThreshold
      weights = options.singleFile || isSmall ? .c : .incbin
    case .c, .incbin, .bin:
      weights = layout.byteCount == 0 ? .c : options.weights
    }
    if options.singleFile, weights != .c {
      throw Failure("a single file holds its weights; --weights \(weights) cannot be kept in it")
    }
  }

  /// A macro's name.
  func macro(_ word: String) -> String { "\(upper)_\(word)" }

  /// The name of a macro that may be set from outside.
  func macro(_ word: SettableMacro) -> String { macro(word.rawValue) }

  /// The ports that a step writes to.
  var writtenPorts: Set<Int> {
    var written: Set<Int> = []
    for step in program.steps {
      for (parameter, buffer) in zip(program.kernels[step.kernel].parameters, step.arguments)
      where parameter.isWritten {
        if case .port(let port) = program.buffers[buffer].storage { written.insert(port) }
      }
    }
    return written
  }

  /// The C type of a port's parameter.
  func portType(_ port: Int) -> CType {
    let type = CType.named(RuntimeLibrary.stored(program.ports[port].type.element))
    let role = program.ports[port].role
    let isConst = role == .input || role == .parameter && !writtenPorts.contains(port)
    return .pointer(type, isConst: isConst, isRestrict: false)
  }

  /// The parameters of `name_run`.
  var runParameters: [CVariable] {
    var list = portOrder.map { CVariable(type: portType($0), name: portNames[$0]) }
    if weights == .bin {
      list.append(CVariable(type: .constPointer(.void), name: "weights"))
    }
    list.append(CVariable(type: .pointer(.void), name: "arena"))
    return list
  }

  /// The elements that a C array of a tensor of this type has: bytes where elements are packed.
  static func arrayCount(_ type: TensorType) -> Int {
    type.element.bitCount < 8 ? type.byteCount : type.shape.elementCount
  }
}

// SPDX-License-Identifier: Apache-2.0
import CEmission
import CompilerSupport
import GraphIR
import Targets

extension Reference {
  /// What a program that runs emitted C can rely on. All C on the page is emitted for a small model
  /// while the page is made, so that it is what `fettle emit` writes.
  static func emittedC(_ toolkit: Toolkit) -> ReferenceDocument {
    ReferenceDocument(
      title: "The C interface",
      introduction: """
        What `fettle emit` and `fettle compile` write, told by a model named `net` with an image as input and scores \
        as output. The C is C99; it allocates nothing, prints nothing, and keeps nothing between calls but what a \
        model with states is given by the caller, so that threads may run one model at once, each with an arena of \
        its own. All names of global scope begin with the model's name (`--name`), so that models link together.
        """,
      entries: [files(toolkit)] + interfaces.map { entry($0, toolkit) } + [settableMacros])
  }

  /// A choice of options, and what of the files it changes.
  private struct Interface {
    let name: String
    let summary: String
    let words: [String]
    /// The file, and the part of it that is shown: between two texts, without them.
    let file: String
    let from: String
    let to: String
  }

  private static let interfaces = [
    Interface(
      name: "net_run",
      summary:
        "One function runs the model. Pointers to floats need the alignment of their type; the arena needs its own, "
        + "and may hold anything before the call and for other use after it.",
      words: [], file: "net.h", from: "#include <stdint.h>\n\n", to: "\n#ifdef __cplusplus\n}"),
    Interface(
      name: "--input-type, --input-layout, --output-type",
      summary:
        "The ports in the form in which the device has its data; number = scale · (element − zero point).",
      words: ["--input-type", "u8", "--input-layout", "nhwc", "--output-type", "argmax"],
      file: "net.h", from: "#include <stdint.h>\n\n", to: "\n#ifdef __cplusplus\n}"),
    Interface(
      name: "--weights bin",
      summary:
        "The weights are a file that the program brings into memory by itself: from a file system, from flash that "
        + "is not mapped.",
      words: ["--weights", "bin"], file: "net.h", from: "/* Runs the model.", to: "\n#ifdef __cplusplus\n}"),
    Interface(
      name: "--single-file",
      summary: "One file without a header, with a static arena inside; declare the function where it is called.",
      words: ["--single-file"], file: "net.c", from: "void entry(", to: "\n"),
    Interface(
      name: "--with-profile",
      summary: "The source calls a macro before each step.", words: ["--with-profile"],
      file: "net.c", from: "/* Called before each step", to: "\n\n"),
  ]

  private static func entry(
    _ interface: Interface, _ toolkit: Toolkit
  ) -> ReferenceDocument.Entry {
    let file = emitted(interface.words, toolkit).first { $0.name == interface.file }
    let text = file?.contents.repairedText ?? ""
    return ReferenceDocument.Entry(
      name: interface.name, summary: interface.summary,
      code: excerpt(text, from: interface.from, to: interface.to))
  }

  /// The part of a text that begins with `from`, which is left out if it ends a line, up to `to`.
  private static func excerpt(_ text: String, from: String, to: String) -> String {
    guard let start = text.firstRange(of: from) else { return "" }
    let begin = from.hasSuffix("\n") ? start.upperBound : start.lowerBound
    let rest = text[begin...]
    let end = rest.firstRange(of: to)?.lowerBound ?? rest.endIndex
    let part = rest[..<end]
    return String(part.hasSuffix("\n") ? part.dropLast() : part)
  }

  private static func files(_ toolkit: Toolkit) -> ReferenceDocument.Entry {
    let choices: [[String]] = [
      ["--weights", "c"], ["--weights", "incbin"], ["--weights", "bin"], ["--with-test", "1"],
      ["--single-file"],
    ]
    return ReferenceDocument.Entry(
      name: "files",
      summary:
        "`--weights auto`, which is assumed, takes `c` up to \(EmissionOptions.incbinThreshold / 1024) KiB "
        + "of weights and `incbin` above.",
      parts: choices.map { words in
        (words.joined(separator: " "), "", emitted(words, toolkit).map(\.name).joined(separator: ", "))
      })
  }

  private static var settableMacros: ReferenceDocument.Entry {
    ReferenceDocument.Entry(
      name: "macros",
      summary: "What may be set when the files are compiled, as in `-D'NET_CONST=const __flash'`.",
      parts: SettableMacro.allCases.map { macro in
        let parameters = macro.parameters.map { "(" + $0.joined(separator: ", ") + ")" } ?? ""
        let usual = macro.usual.map { $0.isEmpty ? "default: nothing" : "default: `\($0)`" }
        return ("NET_\(macro.rawValue)\(parameters)", usual ?? "not defined", macro.summary)
      })
  }

  /// The files of the small model under some options of `emit`.
  private static func emitted(_ words: [String], _ toolkit: Toolkit) -> [EmittedFile] {
    let text = """
      graph @net(%image: f32[1,3,4,4]) -> (scores: %scores) {
        @w = f32[2,3] [1, -1, 0.5, 0.25, 2, -0.5]
        %mean = reduce %image {kind=mean, axes=[2,3], keep_dims=false} : f32[1,3]
        %scores = matmul %mean, @w {transpose_rhs=true} : f32[1,2]
      }
      """
    guard let target = toolkit.targets.first(where: { $0.name == "c99" }) else { return [] }
    do throws(Failure) {
      var graph = try Graph.parse(text: text)
      let arguments = try Arguments(words, options: EmissionChoices.all)
      let ports = try PortOptions.apply(to: &graph, arguments)
      let session = Session(
        toolkit: toolkit, output: { _ in }, errors: { _ in }, showsProgress: false)
      var job = try EmissionJob(
        graph, target: target, name: "net", pipeline: "", digest: "", arguments, session)
      job.options.macros = ports.macros
      job.options.test = try GoldenSamples.make(arguments, graph, data: nil)
      return try job.files()
    } catch {
      unreachable("the reference's own model is not emitted: \(error)")
    }
  }
}

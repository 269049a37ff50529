// SPDX-License-Identifier: Apache-2.0
import CEmission
import CompilerSupport
import Evaluation
import Execution
import GraphIR
import Lowering
import Rewriting
import Tensors

/// What `compile` finds out about the C before it is written: whether it computes what its graph does,
/// and how it does against the model as it came.
struct EmittedCheck {
  /// The model as it came.
  struct Original {
    let graph: Graph
    /// Samples for its own inputs.
    let data: DataSet?
    /// The same model with the ports of the emitted C.
    let withPorts: Graph
    /// What was done with it.
    let pipeline: Pipeline
  }

  /// What was found, in lines of the summary.
  private(set) var lines: [String] = []
  /// Why the C is wrong, if it is.
  private(set) var failure: Failure?

  private let original: Original
  private let job: EmissionJob
  private let data: DataSet?
  /// How far floats may be off, as a share of the largest of their tensor.
  private let limit: Double

  /// Compiles the C of a job on this machine and runs it.
  init(
    _ original: Original, _ job: EmissionJob, _ data: DataSet?, _ arguments: Arguments,
    _ session: Session
  ) throws(Failure) {
    (self.original, self.job, self.data) = (original, job, data)
    limit = try arguments[VerifyCommand.tolerance] ?? VerifyCommand.defaultTolerance
    guard !arguments.has(CompileCommand.noVerify) else {
      lines = ["not checked: --no-verify"]
      return
    }
    let compiler: HostCompiler
    do throws(Failure) {
      compiler = try HostCompiler()
    } catch {
      lines = ["not checked: \(error.diagnostics[0].message)"]
      return
    }
    let progress = session.progress()
    progress.begin("compile the C on this machine")
    let runner = try CompiledRunner(
      target: job.target, table: session.toolkit.lowerings, weights: job.options.weights,
      keepFault: FaultKeeper.keep)
    var check = try ProgramCheck(
      job.graph, by: runner, limit: limit, whole: { () in Self.load(job, compiler) })
    progress.end()
    if let data, let plainData = original.data {
      try compareAnswers(data, plainData, check.whole, progress)
    }
    do throws(Failure) {
      try compare(&check, progress)
    } catch {
      guard error.kind == .budget else { throw error }
      failure = error.noted(Self.code(compiler, job))
      lines.append("the emitted C is wrong: \(error.diagnostics[0].message)")
    }
    lines.append("checked by   " + Self.code(compiler, job))
  }

  private static func load(
    _ job: EmissionJob, _ compiler: HostCompiler
  ) -> Result<LoadedGraph, Failure> {
    do throws(Failure) {
      let program = try CompiledProgram(
        job.lowered.program, target: job.target, compiler: compiler, weights: job.options.weights)
      return .success(LoadedGraph { (inputs) throws(Failure) in try program.run(inputs) })
    } catch {
      return .failure(error)
    }
  }

  /// Which code was run.
  private static func code(_ compiler: HostCompiler, _ job: EmissionJob) -> String {
    let kernels =
      HostCompiler.isNative(job.target)
      ? "" : ", the host's code for the kernels of \(job.target.name), without its own instructions"
    return compiler.title(for: job.target) + kernels
  }

  private mutating func compare(
    _ check: inout ProgramCheck, _ progress: Progress
  ) throws(Failure) {
    let inputs = CheckInputs(for: job.graph, data: data)
    progress.begin("check the C", total: inputs.count)
    defer { progress.end() }
    var left: [String] = []
    for i in 0..<inputs.count {
      let (tensors, title) = try inputs.load(i)
      let reference: PieceReference
      do throws(Failure) {
        reference = try check.reference(tensors)
      } catch {
        // Not every made-up input means something to every model.
        guard data == nil else { throw error }
        left.append("not checked on the \(title): \(error.diagnostics[0].message)")
        continue
      }
      let found = try check.compare(tensors, reference, title)
      if i == 0 { try compareWithOriginal(tensors, found, title) }
      progress.step()
    }
    lines += check.lines(inputs.title).map { "checked      " + $0 } + left
  }

  /// How the C does against the model as it came, on one input. Only passes that say so may change what a model computes.
  private mutating func compareWithOriginal(
    _ inputs: [Tensor], _ found: [Tensor], _ title: String
  ) throws(Failure) {
    let graph = original.withPorts
    let lossy = original.pipeline.lossyPasses
    if !lossy.isEmpty, data != nil { return }
    let decisions = Decisions(graph)
    let reference: PieceReference
    do throws(Failure) {
      reference = try PieceReference(graph, decisions, inputs, share: limit)
    } catch {
      // A pass may have removed what an input has no meaning for.
      guard data == nil else { throw error }
      lines.append("not compared with the model as it came on the \(title): \(error.diagnostics[0].message)")
      return
    }
    let gaps = zip(reference.outputs, found).map { TensorGap(expected: $0, found: $1) }
    let worst = gaps.map(\.relative).max() ?? 0
    let reason = lossy.isEmpty ? "" : ", as \(lossy.joined(separator: ", ")) may change what a model computes"
    lines.append("passes       the C differs from the model as it came by \(Float(worst)) of the largest output (\(title))\(reason)")
    guard lossy.isEmpty else { return }
    var comparison = WholeComparison(graph, decisions, inputs, reference, limit: limit)
    for (i, port) in graph.outputs.enumerated() {
      // Passes may write one rounding as another, where C of the same graph may not.
      if reference.outputs[i].element.isFloat, gaps[i].relative <= limit { continue }
      guard case .wrong(let bound) = try comparison.verdict(on: i, found[i]) else { continue }
      throw Failure(
        "the passes changed what the model computes: output '\(port.name)' differs \(gaps[i].text), \(bound.text) "
          + "(\(title))",
        notes: ["'fettle bisect' with the same passes names the first that does"], kind: .budget)
    }
  }

  private mutating func compareAnswers(
    _ data: DataSet, _ plainData: DataSet, _ program: LoadedGraph,
    _ progress: Progress
  ) throws(Failure) {
    let before = try Accuracy.measure(
      original.graph, plainData, by: EvaluatorRunner(), progress, title: "evaluate the original")
    let after = try Accuracy.measure(
      job.graph, data, by: program, progress, title: "run the emitted C")
    lines += ["original     \(before.text)", "emitted C    \(after.text)"]
    if !before.answers.isEmpty {
      let same = zip(before.answers, after.answers).count { $0 == $1 }
      lines.append("same answer  \(same) of \(before.answers.count)")
    }
    let counts = (before.unsoundCount, after.unsoundCount)
    if counts.0 + counts.1 > 0 {
      lines.append("not finite   outputs of \(counts.1) samples (original \(counts.0))")
    }
  }
}

extension Failure {
  /// The failure with one more note.
  func noted(_ note: String) -> Failure {
    var copy = self
    if !copy.diagnostics.isEmpty { copy.diagnostics[copy.diagnostics.count - 1].notes.append(note) }
    return copy
  }
}

// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import LoopIR

/// Turns programs into C.
public enum CEmitter {
  /// The files of a program, in the order in which they are to be written: weights, sources, and the
  /// header last (with `singleFile` only `name.c`). Throws if the program needs C that the target does not
  /// take, or the options contradict each other.
  public static func emit(
    _ program: Program, _ options: EmissionOptions
  ) throws(Failure) -> [EmittedFile] {
    let plan = try EmissionPlan(program, options)
    var files = plan.weightFiles()
    files.append(EmittedFile(name: plan.name + ".c", contents: plan.source().printed()))
    if let golden = options.test {
      guard !options.singleFile else {
        throw Failure("a single file has no test beside it: its one function is 'entry'")
      }
      files.append(
        EmittedFile(name: plan.name + "_test.c", contents: try plan.test(golden).printed()))
    }
    if !options.singleFile {
      files.append(EmittedFile(name: plan.name + ".h", contents: plan.header().printed()))
    }
    return files
  }

  /// The name that stands in front of all global names and files of a program.
  public static func baseName(_ program: Program) -> String {
    CNames.legal(program.name, fallback: "model")
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Execution

/// The Swift compiler, for plug-ins: one Swift file becomes a library, which is found again by the
/// digest of all it was made from.
struct PluginCompiler {
  /// The program that will load the library.
  let program: String
  /// The folder of the modules that the program was built from.
  let modules: String
  /// The compiler: `$SWIFTC`, or `swiftc`.
  let compiler: String

  /// The name of the C function that the companion file exports: it puts the plug-in's passes into
  /// an array at an address.
  static let entry = "fettle_plugin_passes"

  /// The compiler for plug-ins of a program.
  ///
  /// - Parameter named: the folder of the modules that the user names.
  /// - Throws: if there are no modules.
  init(for program: String, modules named: String?) throws(Failure) {
    self.program = program
    modules = try PluginModules.folder(for: program, named: named)
    let chosen = Platform.environment("SWIFTC") ?? ""
    compiler = chosen.isEmpty ? "swiftc" : chosen
  }

  private static let flags = [
    "-O", "-wmo", "-gline-tables-only", "-swift-version", "6", "-parse-as-library", "-emit-library",
  ] + platformFlags
  #if canImport(Darwin)
    private static let platformFlags = ["-Xlinker", "-undefined", "-Xlinker", "dynamic_lookup"]
  #else
    private static let platformFlags: [String] = []
  #endif

  /// The path of the library of a Swift file, compiled now or earlier.
  ///
  /// - Parameter session: is told of the work, and what the compiler prints, as it prints it.
  /// - Throws: if the compiler refuses the file.
  func library(of path: String, _ session: Session) throws(Failure) -> String {
    let source = try Platform.readText(path)
    guard source.contains("fettlePasses") else {
      throw Failure(
        "the plug-in does not say what its passes are", at: Origin(file: path),
        notes: ["add: func fettlePasses() -> [any Pass.Type] { [MyPass.self] }"])
    }
    let build = try PluginStamp.build(of: program)
    // The path is part of the key because it stands in what a failed check prints.
    let key = Digest(of: ([build, modules, path, source] + Self.flags).joined(separator: "\0")).hex
    let cache = HostCompiler.cacheFolder
    let library = Paths.join(cache, "plugin-\(key).so")
    if Platform.exists(library) { return library }
    try Platform.createDirectory(cache)

    let progress = session.progress()
    progress.begin("compile \(path)")
    defer { progress.end() }
    let folder = try TemporaryFolder("fettle-plugin")
    let companion = folder.file("entry.swift")
    let stamp = PluginStamp(version: Driver.version, build: build, compiler: try compilerVersion())
    try Platform.writeFile(companion, Self.companion(stamp))
    let file = path.hasPrefix("-") ? "./" + path : path
    let made = library + "." + Paths.stem(of: folder.path)
    let outcome = try Subprocess(
      [compiler] + Self.flags + [
        "-module-name", "Plugin_\(key.prefix(16))", "-I", modules,
        "-module-cache-path", Paths.join(cache, "swift-modules"), "-o", made, file, companion,
      ]
    ).run()
    guard outcome.succeeded else {
      session.errors(outcome.outputText + outcome.errorText)
      let isOtherCompiler = outcome.errorText.contains("module compiled with Swift")
      throw Failure(
        "the Swift compiler refuses the plug-in (\(outcome.summary))", at: Origin(file: path),
        notes: isOtherCompiler
          ? ["use the compiler that Fettle was built with: name it by the environment variable SWIFTC"] : [])
    }
    if !session.isQuiet, outcome.errors.count > 0 { session.errors(outcome.errorText) }
    try Platform.move(made, to: library)
    return library
  }

  private func compilerVersion() throws(Failure) -> String {
    let outcome: Subprocess.Outcome
    do {
      outcome = try Subprocess([compiler, "--version"]).run()
    } catch {
      throw Failure(
        "no Swift compiler: '\(compiler)' does not start",
        notes: [
          "plug-ins need the compiler that Fettle was built with: put swiftc into PATH, or name it by the "
            + "environment variable SWIFTC",
          "a plug-in that is compiled already (.so) needs none",
        ])
    }
    guard outcome.succeeded else { throw Failure("'\(compiler) --version' failed: \(outcome.summary)") }
    let lines = (outcome.outputText + "\n" + outcome.errorText).split(separator: "\n")
    return String(lines.first { $0.contains("Swift version") } ?? "an unknown compiler")
  }

  /// The file that is compiled along: the stamp, and the way in.
  private static func companion(_ stamp: PluginStamp) -> String {
    """
    import Rewriting

    /// What the plug-in was compiled for.
    @_cdecl("fettle_plugin_stamp")
    public func _fettlePluginStamp() -> UnsafePointer<UInt8> {
      ("\(stamp.text)" as StaticString).utf8Start
    }

    /// The way in.
    @_cdecl("\(entry)")
    public func _fettlePluginPasses(_ passes: UnsafeMutableRawPointer) {
      passes.assumingMemoryBound(to: [any Pass.Type].self).pointee = fettlePasses()
    }

    """
  }
}

/// Where the modules are that plug-ins are compiled against.
enum PluginModules {
  private static let probe = "Rewriting.swiftmodule"

  /// The folder of the modules: the one that the user names, that of `$FETTLE_MODULES`, or the one
  /// beside the program.
  ///
  /// - Throws: where was looked, if there are none; if those beside the program are newer than it.
  static func folder(for program: String, named: String?) throws(Failure) -> String {
    let variable = Platform.environment("FETTLE_MODULES").flatMap { $0.isEmpty ? nil : $0 }
    if let chosen = named ?? variable {
      guard Platform.exists(Paths.join(chosen, probe)) else {
        throw Failure(
          "the folder of \(named == nil ? "FETTLE_MODULES" : "--modules") holds no modules of Fettle: "
            + "there is no '\(probe)'", at: Origin(file: chosen))
      }
      return chosen
    }
    let home = Paths.folder(of: program)
    let places = [Paths.join(home, "Modules"), Paths.join(Paths.folder(of: home), "lib/fettle/Modules")]
    guard let found = places.first(where: { Platform.exists(Paths.join($0, probe)) }) else {
      throw Failure(
        "the Swift modules of Fettle are not there, against which plug-ins are compiled",
        notes: ["looked in " + places.joined(separator: " and ")] + [
          "a build from source has them in .build/release/Modules",
          "name their folder by --modules FOLDER or by the environment variable FETTLE_MODULES",
        ])
    }
    try checkAge(found, program)
    return found
  }

  /// A build that ended early leaves modules that the program does not hold yet.
  private static func checkAge(_ folder: String, _ program: String) throws(Failure) {
    guard let age = Platform.modificationTime(program) else { return }
    for room in ["CompilerSupport", "Tensors", "GraphIR", "Rewriting"] {
      let module = Paths.join(folder, room + ".swiftmodule")
      guard let other = Platform.modificationTime(module), other > age else { continue }
      throw Failure(
        "the module is newer than the program '\(program)', so plug-ins would not fit it",
        at: Origin(file: module), notes: ["build Fettle again: swift build -c release"])
    }
  }
}

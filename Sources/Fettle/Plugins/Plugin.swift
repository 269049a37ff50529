// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Rewriting

/// Passes of one's own, loaded into this process: a Swift file, or a library made of one.
enum Plugin {
  static let load = CommandOption<String>(
    "--load", text: "FILE.swift|FILE.so", help: "passes of your own (may be repeated)")
  static let modules = CommandOption<String>(
    "--modules", text: "FOLDER", help: "the Swift modules that --load compiles against")
  static let options = [load.untyped, modules.untyped]

  /// The passes of all plug-ins that the options name.
  static func passes(
    _ arguments: Arguments, _ session: Session
  ) throws(Failure) -> [any Pass.Type] {
    var found: [any Pass.Type] = []
    for path in try arguments.all(load) {
      ChildNote.write("loading the plug-in '\(path)'")
      for pass in try passes(of: path, modules: try arguments[modules], session) {
        if let other = (session.toolkit.passes + found).first(where: { $0.name == pass.name }) {
          throw Failure(
            "there is a pass '\(other.name)' already: give the plug-in's another name", at: Origin(file: path))
        }
        found.append(pass)
      }
    }
    ChildNote.write("outside of any pass")
    return found
  }

  /// The library that a path stands for: itself, or what its Swift file is compiled to.
  static func library(
    _ path: String, modules: String?, _ session: Session
  ) throws(Failure) -> String {
    switch Paths.ending(of: path) {
    case "swift":
      let compiler = try PluginCompiler(for: session.program, modules: modules)
      return try compiler.library(of: path, session)
    case "so", "dylib": return path
    default:
      throw Failure(
        "a plug-in is a Swift file or a library (.so, .dylib) made of one", at: Origin(file: path),
        kind: .usage)
    }
  }

  private static func passes(
    of path: String, modules: String?, _ session: Session
  ) throws(Failure) -> [any Pass.Type] {
    let file = try library(path, modules: modules, session)
    try check(file, for: session.program)
    let library = try open(file, named: path)
    typealias Entry = @convention(c) (UnsafeMutableRawPointer) -> Void
    let entry = try library.function(PluginCompiler.entry, as: Entry.self)
    // Swift keeps tables of the types of a library, which therefore must stay for good.
    _ = Unmanaged.passRetained(library)
    var passes: [any Pass.Type] = []
    withUnsafeMutablePointer(to: &passes) { entry(UnsafeMutableRawPointer($0)) }
    if passes.isEmpty { throw Failure("the plug-in has no passes", at: Origin(file: path)) }
    for pass in passes where !isName(pass.name) {
      throw Failure(
        "'\(pass.name)' is no name of a pass: small letters, digits and '-'", at: Origin(file: path))
    }
    return passes
  }

  /// The library, loaded; failures name the file that the user named.
  private static func open(_ file: String, named path: String) throws(Failure) -> DynamicLibrary {
    do {
      return try DynamicLibrary(file)
    } catch {
      var failure = error
      failure.diagnostics[0].origin.file = path
      if error.description.contains("undefined symbol") {
        // The stamp says that it was made for this very program.
        failure.diagnostics[0].notes.append(
          "the program does not show its symbols to plug-ins: link it with --export-dynamic")
      }
      throw failure
    }
  }

  /// Refuses what is no library, and libraries that were not compiled for this program.
  private static func check(_ path: String, for program: String) throws(Failure) {
    let bytes = try Platform.mapFile(path)
    let heads: [[UInt8]] = [[0x7F, 0x45, 0x4C, 0x46], [0xCF, 0xFA, 0xED, 0xFE], [0xCA, 0xFE, 0xBA, 0xBE]]
    let isLibrary = bytes.withUnsafeBytes { bytes in heads.contains { bytes.starts(with: $0) } }
    guard isLibrary else { throw Failure("this is no shared library", at: Origin(file: path)) }
    guard let stamp = PluginStamp(in: bytes) else {
      throw Failure(
        "this library is no plug-in: it does not say for which Fettle it was compiled", at: Origin(file: path),
        notes: ["compile it by 'fettle plugin NAME.swift -o NAME.so', or give --load the Swift file"])
    }
    try stamp.check(path, for: program)
  }

  private static func isName(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { c in
      UInt8(ascii: "a")...UInt8(ascii: "z") ~= c || UInt8(ascii: "0")...UInt8(ascii: "9") ~= c
        || c == UInt8(ascii: "-")
    }
  }
}

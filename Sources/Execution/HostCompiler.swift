// SPDX-License-Identifier: Apache-2.0
public import CEmission
public import CompilerSupport
public import Targets

/// The C compiler of this machine, and the shared libraries that it has made.
public struct HostCompiler: Sendable {
  /// The program and the words that stand in front of all others.
  public let command: [String]
  /// What the compiler says of its version; part of the key of cached libraries.
  private let version: String
  private let cache: String

  /// How emitted code is compiled for a run on this machine.
  public static let flags = [
    "-std=c99", "-O3", "-fPIC", "-shared", "-w", "-Wl,-Bsymbolic",
  ]

  /// The compiler named by `$CC`, or `cc`.
  ///
  /// - Throws: if there is no such compiler.
  public init() throws(Failure) {
    let named = Platform.environment("CC") ?? ""
    command = named.split(separator: " ").map(String.init).isEmpty
      ? ["cc"] : named.split(separator: " ").map(String.init)
    let outcome: Subprocess.Outcome
    do {
      outcome = try Subprocess(command + ["--version"]).run()
    } catch {
      throw Failure(
        "no C compiler: '\(command[0])' does not start",
        notes: ["install one, or name it by the environment variable CC",
          "--interpret runs models without a compiler"])
    }
    guard outcome.succeeded else {
      throw Failure("'\(command.joined(separator: " ")) --version' failed: \(outcome.summary)")
    }
    version = outcome.outputText
    cache = Self.cacheFolder
  }

  /// Where what compilers have made is kept: `$FETTLE_CACHE`, or a folder of the user's cache.
  public static var cacheFolder: String {
    if let named = Platform.environment("FETTLE_CACHE"), !named.isEmpty { return named }
    if let named = Platform.environment("XDG_CACHE_HOME"), !named.isEmpty {
      return Paths.join(named, "fettle")
    }
    if let home = Platform.environment("HOME"), !home.isEmpty {
      return Paths.join(home, ".cache/fettle")
    }
    return "/tmp/fettle-cache"
  }

  /// The command that compiles code of a target, without files, and what the compiler calls itself.
  public func title(for target: Target) -> String {
    let line = (command + Self.flags + Self.machineFlags(target)).joined(separator: " ")
    let name = version.split(separator: "\n").first.map(String.init) ?? ""
    return name.isEmpty ? "'\(line)'" : "'\(line)' (\(name))"
  }

  /// Whether code of a target is compiled as it would be for the target itself, and not by what the same
  /// kernels are written for machines without its instructions.
  public static func isNative(_ target: Target) -> Bool {
    target.name == "c99" || target.name == "host" || target.compiler.first == "gcc"
  }

  /// The flags that tell the compiler which of this machine's instructions the code may use: the target's own, if it is of this machine's
  /// kind; code for others is compiled by its portable paths.
  private static func machineFlags(_ target: Target) -> [String] {
    isNative(target) ? target.compiler.filter { $0.hasPrefix("-march=") } : []
  }

  /// The path of a shared library of the files, compiled for this machine now or earlier. The library is found again by the digest
  /// of everything that it was made from.
  ///
  /// - Throws: what the compiler says, if it refuses the files.
  public func library(_ files: [EmittedFile], target: Target) throws(Failure) -> String {
    let words = command + Self.flags + Self.machineFlags(target)
    var digest = Digest.Stream()
    digest.update(Bytes((words.joined(separator: " ") + version).utf8))
    for file in files {
      digest.update(Bytes("\(file.name) \(file.count)\n".utf8))
      for part in file.parts { digest.update(part) }
    }
    let path = Paths.join(cache, digest.finish().hex + ".so")
    if Platform.exists(path) { return path }
    try Platform.createDirectory(cache)

    let folder = try TemporaryFolder("fettle-cc")
    var set = OutputSet()
    for file in files { set.add(folder.file(file.name), parts: file.parts) }
    try set.commit()
    let sources = files.map(\.name).filter { ["c", "s"].contains(Paths.ending(of: $0)) }
    // Made beside its place and renamed, so that two processes can make the same library at once.
    let made = path + ".\(folder.path.split(separator: "/").last ?? "new")"
    var process = Subprocess(words + sources + ["-o", made, "-lm"])
    process.directory = folder.path
    let outcome = try process.run()
    guard outcome.succeeded else {
      throw Failure(
        "the C compiler refuses the emitted code: \(outcome.summary)",
        notes: outcome.errorText.split(separator: "\n").prefix(10).map(String.init))
    }
    try Platform.move(made, to: path)
    return path
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// What a plug-in was compiled for. Swift types have no layout that outlives a build, so a plug-in
/// fits exactly the program against whose modules it was compiled. The stamp is text in the library's
/// constant data and is read from the file, before anything of the library can run.
struct PluginStamp: Equatable {
  /// The version of Fettle.
  var version: String
  /// What tells the program's builds apart.
  var build: String
  /// The first line that the Swift compiler says of its version.
  var compiler: String

  private static let mark = "fettle-plugin-stamp|"
  private static let end = "|end"

  /// The stamp as text without quotes and backslashes.
  var text: String {
    let fields = [version, build, compiler].map { $0.filter { !"|\"\\".contains($0) && $0.isASCII } }
    return Self.mark + fields.joined(separator: "|") + Self.end
  }

  /// A stamp of these parts.
  init(version: String, build: String, compiler: String) {
    self.version = version
    self.build = build
    self.compiler = compiler
  }

  /// The stamp in the bytes of a library; nil if there is none.
  init?(in library: Bytes) {
    let mark = Array(Self.mark.utf8)
    let fields: [String]? = library.withUnsafeBytes { bytes in
      guard bytes.count >= mark.count else { return nil }
      for start in 0...(bytes.count - mark.count) where bytes[start] == mark[0] {
        guard bytes[start..<start + mark.count].elementsEqual(mark) else { continue }
        let rest = bytes[(start + mark.count)...].prefix(1000)
        let parts = rest.split(separator: UInt8(ascii: "|"), maxSplits: 3, omittingEmptySubsequences: false)
        if parts.count == 4, parts[3].starts(with: "end".utf8) {
          return parts.prefix(3).map { String(decoding: $0, as: UTF8.self) }
        }
      }
      return nil
    }
    guard let fields else { return nil }
    self.init(version: fields[0], build: fields[1], compiler: fields[2])
  }

  /// What tells builds of a program apart: the checksum and size of its file. (A digest of that much takes longer than
  /// all the rest of loading a plug-in; nobody is to be kept from forging a stamp.)
  static func build(of program: String) throws(Failure) -> String {
    let bytes = try Platform.mapFile(program)
    return String(CRC32.checksum(bytes), radix: 16) + "-\(bytes.count)"
  }

  /// What the stamp says, for messages.
  var words: String { "Fettle \(version), build \(build), by \(compiler)" }

  /// Refuses a plug-in that was compiled for something else than `program`.
  func check(_ path: String, for program: String) throws(Failure) {
    let own = try Self.build(of: program)
    guard version != Driver.version || build != own else { return }
    throw Failure(
      version == Driver.version
        ? "the plug-in was compiled for another build of Fettle \(version)"
        : "the plug-in was compiled for Fettle \(version), this is \(Driver.version)",
      at: Origin(file: path),
      notes: [
        "it was compiled for \(words)", "this program is Fettle \(Driver.version), build \(own)",
        "compile it again: 'fettle plugin NAME.swift -o NAME.so', or give --load the Swift file",
      ])
  }
}

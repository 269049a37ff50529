// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// The project's folder, found from this file's place in it.
enum Repository {
  /// The path of a file or folder of the project.
  static func path(_ name: String, from file: String = #filePath) -> String {
    let tests = Paths.folder(of: Paths.folder(of: file))
    return Paths.join(Paths.folder(of: tests), name)
  }
}

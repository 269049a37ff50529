// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// Whether the files of a command could be written, asked before its work and not behind it.
enum OutputCheck {
  /// Checks a file and a folder that a command writes to, and what options of several commands name:
  /// pictures, calibrations, ledgers, dumps. Nothing is left behind.
  ///
  /// - Throws: what writing there would throw.
  static func run(
    _ arguments: Arguments, file: String? = nil, folder: String? = nil
  ) throws(Failure) {
    // Of commands that have no such option the arguments hold none.
    let files =
      [
        file, try arguments[DrawingOptions.svg], try arguments[DrawingOptions.dot],
        try arguments[CalibrationOptions.save],
      ].compactMap { $0 } + (try LedgerForms(arguments).files)
    for path in files {
      var outputs = OutputSet()
      outputs.add(path, "")
      try outputs.checkWritable()
    }
    let stream = folder == "-" ? nil : folder
    let folders = [stream, try arguments[PassReportOptions.dumpFolder]].compactMap { $0 }
    for path in folders { try Platform.checkFolderWritable(path) }
  }
}

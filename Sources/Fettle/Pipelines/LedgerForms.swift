// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// What `--ledger` asks for.
struct LedgerForms {
  /// Whether the option is there with no file.
  private(set) var wantsTable = false
  /// Whether every stage is run.
  private(set) var isFull = false
  /// Files to be written, `.json` and `.csv`.
  private(set) var files: [String] = []

  /// Whether anything is asked for.
  var isAsked: Bool { wantsTable || isFull || !files.isEmpty }

  init(_ arguments: Arguments) throws(Failure) {
    for word in try arguments.all(PassReportOptions.ledger) {
      switch word {
      case "table": wantsTable = true
      case "full": (wantsTable, isFull) = (true, true)
      case _ where ["json", "csv"].contains(Paths.ending(of: word)): files.append(word)
      default:
        throw Failure(
          "'\(word)' is neither 'full' nor a file that ends in .json or .csv", kind: .usage)
          .located(subject: "option '--ledger'")
      }
    }
  }
}

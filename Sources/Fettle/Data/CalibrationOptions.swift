// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Rewriting

/// The options by which calibrations are saved and used again.
enum CalibrationOptions {
  static let load = CommandOption<String>(
    "--calibration", text: "FILE",
    help: "ranges of activations from a saved calibration, even if samples are given; what learns from samples still does")
  static let save = CommandOption<String>(
    "--save-calibration", text: "FILE", help: "save how activations are spread over the data")

  static let all = [load.untyped, save.untyped]

  /// Hands what the options name to the passes.
  static func prepare(_ context: inout PassContext, _ arguments: Arguments) throws(Failure) {
    context.keepsCalibration = try arguments[save] != nil
    guard let path = try arguments[load] else { return }
    let json = try JSONValue.parse(try Platform.readText(path), file: path)
    context.calibration = try Calibration(json, file: path)
  }

  /// Writes what a pass has measured, if that is asked for.
  static func finish(_ context: PassContext, _ arguments: Arguments) throws(Failure) {
    guard let path = try arguments[save] else { return }
    guard let measured = context.measured else {
      throw Failure("no pass has calibrated anything that --save-calibration could save")
    }
    try Platform.writeFile(path, measured.json.compact + "\n")
  }
}

// SPDX-License-Identifier: Apache-2.0
import Checking
import CompilerSupport
import Passes
import Rewriting
import Testing

@Suite struct PassSamples {
  private static let folder: String = {
    let tests = Paths.folder(of: Paths.folder(of: #filePath))
    return Paths.join(Paths.folder(of: tests), "ir-samples/passes")
  }()

  @Test(arguments: standardPasses.map { $0.name })
  func doesWhatItsSampleSays(_ pass: String) throws {
    let path = Paths.join(Self.folder, pass + ".fettle")
    let file = try CheckFile(path: path, text: try Platform.readText(path))
    let temporary = try TemporaryFolder()
    let runner = CheckRunner(
      temporaryFolder: temporary.path, run: Opt.run, compare: Opt.compare,
      write: { (path, text) throws(Failure) in try Platform.writeFile(path, text) })
    for finding in runner.findings(in: file) { Issue.record("\(finding)") }
  }
}

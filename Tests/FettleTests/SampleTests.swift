// SPDX-License-Identifier: Apache-2.0
import Checking
import CompilerSupport
import Fettle
import Testing

/// The files of `ir-samples/`, as their own lines say.
@Suite struct SampleTests {
  static let root = Repository.path("ir-samples")

  static var samples: [String] {
    get throws {
      func below(_ folder: String) throws -> [String] {
        try Platform.entries(of: folder).sorted().flatMap { entry -> [String] in
          let path = Paths.join(folder, entry)
          if Platform.isDirectory(path) { return try below(path) }
          return entry.hasSuffix(".fettle") ? [path] : []
        }
      }
      return try below(root)
    }
  }

  @Test func thereAreSamples() throws { #expect(try Self.samples.count > 20) }

  @Test(arguments: try samples) func sample(_ path: String) throws {
    for finding in try SampleCheck.findings(in: path, toolkit: Driver.standardToolkit) {
      Issue.record("\(finding.diagnostic)")
    }
  }
}

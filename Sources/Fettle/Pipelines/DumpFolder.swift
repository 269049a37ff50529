// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// A folder with the graph of every stage: `00-input.fettle`, `01-canonicalize.fettle`… Each constant is in the
/// `constants-NN.safetensors` of the first stage that has it; the text of a stage names the files that it draws on. What is written is
/// whole, so a pass that crashes leaves the stages in front of it behind, to be run.
final class DumpFolder: PassObserver {
  private let path: String
  private let banner: Banner
  private let digits: Int
  /// The side file that holds a constant, by digest.
  private var files: [String: String] = [:]
  private var order: [String] = []
  /// What the writing took.
  private(set) var seconds = 0.0

  /// - Throws: if something is in the folder already.
  init(_ path: String, _ banner: Banner) throws(Failure) {
    self.path = path
    self.banner = banner
    digits = max(2, "\(banner.pipeline.passes.count)".count)
    guard Platform.exists(path) else { return }
    guard Platform.isDirectory(path), try Platform.entries(of: path).isEmpty else {
      throw Failure(
        "the folder for dumps exists and is not empty", at: Origin(file: path),
        notes: ["name another one, or remove it: stages of two runs in one folder would be mixed up"])
    }
  }

  /// Where the graph in front of a failing pass goes.
  var stem: String { Paths.join(path, "failed") }

  /// Writes the graph in front of the first pass.
  func begin(_ graph: Graph) throws(Failure) {
    try Platform.createDirectory(path)
    try write(graph, stage: 0, "input")
  }

  func didRun(
    _ pass: any Pass, at position: Int, on graph: Graph, seconds: PassSeconds
  ) throws(Failure) {
    try write(graph, stage: position + 1, type(of: pass).name)
  }

  private func write(_ graph: Graph, stage: Int, _ name: String) throws(Failure) {
    let start = Platform.monotonicSeconds
    defer { seconds += Platform.monotonicSeconds - start }
    var number = "\(stage)"
    number = String(repeating: "0", count: digits - number.count) + number
    let side = "constants-\(number).safetensors"
    var options = GraphTextOptions()
    let large = graph.text(options).large
    let new = large.filter { files[$0.digest] == nil }
    for constant in new { files[constant.digest] = side }
    if !new.isEmpty { order.append(side) }
    let used = Set(large.compactMap { files[$0.digest] })
    options.sideFiles = order.filter { used.contains($0) }
    options.banner = banner.lines(after: stage)
    var outputs = OutputSet()
    if !new.isEmpty {
      outputs.add(Paths.join(path, side), parts: try GraphFile.encode(new))
    }
    outputs.add(Paths.join(path, "\(number)-\(name).fettle"), graph.text(options).text)
    try outputs.commit()
  }
}

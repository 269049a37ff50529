// SPDX-License-Identifier: Apache-2.0
import Checking
import CompilerSupport
import Fettle
import Tensors
import Testing

/// Samples and labels that do not belong to the model are refused rather than measured by.
@Suite struct SampleDataTests {
  private let folder: TemporaryFolder

  /// Answers with the place of the largest of 24 numbers.
  private static let model = """
    graph @net(%x: f32[1,2,3,4]) -> (y: %y) {
      @w = f32[2,2,1,1] [1, 0, 0, 1]
      %1 = conv %x, @w : f32[1,2,3,4] loc("same")
      %y = reshape %1 {shape=[-2,24]} : f32[1,24] loc("flat")
    }
    """
  /// Takes roots: of negative numbers there are none.
  private static let roots = """
    graph @roots(%x: f32[1,2,3,4]) -> (y: %y) {
      %1 = unary %x {function=sqrt} : f32[1,2,3,4]
      %y = reshape %1 {shape=[-2,24]} : f32[1,24]
    }
    """
  /// The numbers 0 to 23, in sample i turned by 5 · i.
  private static let values: [Double] = (0..<144).map { k in
    let turn: Int = 5 * (k / 24)
    return Double((turn + k) % 24)
  }
  /// The places of 23.
  private static let labels: [Double] = [23, 18, 13, 8, 3, 22]

  init() throws {
    folder = try TemporaryFolder("fettle-samples")
    try Platform.writeFile(folder.file("net.fettle"), Self.model)
    try Platform.writeFile(folder.file("roots.fettle"), Self.roots)
  }

  private func write(
    _ extents: [Int], _ values: [Double] = Self.values, labels: [Double]? = Self.labels
  ) throws {
    let shape = try #require(Shape(extents))
    var arrays: [(name: String, tensor: Tensor)] = []
    arrays.append(("x", Tensor(TensorType(.f32, shape), rounding: values)))
    if let labels {
      let shape = try #require(Shape([labels.count]))
      arrays.append(("y", Tensor(TensorType(.i64, shape), rounding: labels)))
    }
    try Platform.writeFile(folder.file("data.npz"), try NumpyArchive.encode(arrays))
  }

  private func fettle(
    _ command: String, _ words: [String] = [], model: String = "net.fettle", data: String = "data.npz"
  ) -> CommandResult {
    SampleCheck.command(
      [command, folder.file(model), "--data", folder.file(data)] + words, Driver.standardToolkit)
  }

  @Test(arguments: [
    [6, 2, 3, 4], [6, 1, 2, 3, 4], [6, 2, 3, 4, 1], [6, 24], [6, 6, 4], [6, 2, 12], [6, 24, 1], [6, 1, 24],
    [6, 2, 3, 2, 2],
  ]) func sameOrder(_ extents: [Int]) throws {
    try write(extents)
    for words in [[], ["--layout", "as-is"]] {
      let result = fettle("eval", ["--interpret"] + words)
      #expect(result.status == 0 && result.stdout.hasPrefix("net: 6 of 6 ("), "\(extents): \(result)")
    }
  }

  @Test func channelsLast() throws {
    // [N,2,3,4] as [N,3,4,2].
    let moved: [Double] = (0..<144).map { k in
      let (sample, position, channel) = (k / 24, k % 24 / 2, k % 2)
      return Self.values[24 * sample + 12 * channel + position]
    }
    try write([6, 3, 4, 2], moved)
    for words in [[], ["--layout", "nhwc"]] {
      let result = fettle("eval", ["--interpret"] + words)
      #expect(result.status == 0 && result.stdout.hasPrefix("net: 6 of 6 ("), "\(result)")
    }
    let result = fettle("eval", ["--interpret", "--layout", "as-is"])
    #expect(result.status == 1, "\(result)")
    #expect(
      result.stderr.contains("data.npz: error: samples [3,4,2] of 'x' do not fit input 'x' f32[1,2,3,4]"),
      "\(result.stderr)")
    #expect(result.stderr.contains("--layout nhwc"), "\(result.stderr)")
  }

  @Test(arguments: [
    ([6, 4, 3, 2], []), ([6, 3, 2, 4], []), ([6, 2, 4, 3], []), ([6, 8, 3], []), ([6, 3, 8], []),
    ([6, 12, 2], []), ([6, 1, 3, 4, 2], []), ([6, 4, 6], ["--layout", "as-is"]),
    ([6, 24], ["--layout", "nhwc"]), ([6, 12, 2], ["--layout", "nhwc"]),
  ] as [([Int], [String])]) func otherOrder(_ extents: [Int], _ words: [String]) throws {
    try write(extents)
    for command in [["eval"], ["verify"], ["compile", "-o", folder.file("out")]] {
      let result = fettle(command[0], command.dropFirst() + words)
      #expect(result.status == 1, "\(extents): \(result)")
      #expect(result.stderr.contains("of 'x' do not fit input 'x' f32[1,2,3,4]"), "\(result.stderr)")
    }
    #expect(!Platform.exists(folder.file("out")))
  }

  @Test func windowsOfRecordings() throws {
    try Platform.writeFile(
      folder.file("net.fettle"), "graph @net(%x: f32[1,6]) -> (y: %y) {\n  %y = unary %x : f32[1,6]\n}\n")
    let values = (0..<40).map { Double($0 % 7) }
    try write([2, 10, 2], values, labels: [0, 1])
    let result = fettle("eval", ["--interpret", "--window", "3", "--metric", "reconstruction-auc"])
    #expect(result.status == 0 && result.stdout.contains("over 2 recordings"), "\(result)")
    // Each window is answered by the place of its largest number, the label is that of its recording.
    let top = fettle("eval", ["--interpret", "--window", "3", "--json"])
    let found = try JSONValue.parse(top.stdout)
    var expected = 0
    for recording in 0..<2 {
      for row in 0..<8 {
        let window = Array(values[(20 * recording + 2 * row)...].prefix(6))
        if window.firstIndex(of: window.max() ?? 0) == recording { expected += 1 }
      }
    }
    #expect(expected > 0 && found["samples"]?.int == 16 && found["correct"]?.int == expected, "\(top)")
  }

  @Test(arguments: [
    ([Double](repeating: 99, count: 6), "label 99 in 'y' (row 0): the model has 24 classes"),
    ([0, 1, 2, 3, 24, 5], "label 24 in 'y' (row 4): the model has 24 classes"),
    ([0, 1, -1, 3, 4, 5], "label -1 in 'y' (row 2): the model has 24 classes"),
  ] as [([Double], String)]) func labelsThatAreNoClasses(_ labels: [Double], _ said: String) throws {
    try write([6, 2, 3, 4], labels: labels)
    let drop = ["-p", "quantize{weights=i4 max-drop=5}"]
    for words in [
      ["eval"], ["eval", "--int8"], ["eval"] + drop, ["sensitivity"], ["compile", "-o", folder.file("out")],
    ] {
      let result = fettle(words[0], Array(words.dropFirst()))
      #expect(result.status == 1, "\(words): \(result)")
      #expect(result.stderr.contains("data.npz: error: \(said)"), "\(words): \(result.stderr)")
    }
    #expect(!Platform.exists(folder.file("out")))
    // Where nothing is compared with them, labels may be anything.
    let opt = fettle("opt", ["-p", "quantize", "-q", "-o", folder.file("q.fettle")])
    #expect(opt.status == 0, "\(opt)")
    for words in [["eval", "--metric", "none"], ["verify"]] {
      let result = fettle(words[0], words.dropFirst() + ["--interpret"])
      #expect(result.status == 0, "\(words): \(result)")
    }
  }

  @Test func labelsOfSamplesHeldBack() throws {
    // Every second row is held back: rows 1, 3 and 5.
    try write([6, 2, 3, 4], labels: [0, 1, 2, 30, 4, 5])
    let passes = ["--interpret", "-q", "-p", "quantize{weights=i4 max-drop=5}", "-o", folder.file("q.fettle")]
    let result = fettle("opt", passes)
    #expect(result.status == 1 && result.stderr.contains("label 30 in 'y' (row 3)"), "\(result)")
    try write([6, 2, 3, 4], labels: [0, 1, 2, 3, 30, 5])
    let rows = fettle("opt", passes, data: "data.npz[1:]")
    #expect(rows.status == 1 && rows.stderr.contains("label 30 in 'y' (row 4)"), "\(rows)")
  }

  @Test func noLabelsAreNeeded() throws {
    try write([6, 2, 3, 4], labels: nil)
    let missing = fettle("eval", ["--interpret", "--labels", "y"])
    #expect(missing.status == 1, "\(missing)")
    #expect(missing.stderr.contains("data.npz: error: there is no array 'y' of labels"), "\(missing.stderr)")
    #expect(missing.stderr.contains("--metric none") && !missing.stderr.contains("did you mean"), "\(missing)")
    let none = fettle("eval", ["--interpret", "--labels", "y", "--metric", "none"])
    #expect(none.status == 0 && none.stdout.hasPrefix("net: 6 samples without labels"), "\(none)")
    let byLabel = fettle(
      "eval", ["--interpret", "--labels", "y", "--metric", "none"], data: "data.npz[label=1]")
    #expect(byLabel.status == 1 && byLabel.stderr.contains("there is no array 'y' of labels"), "\(byLabel)")
  }

  @Test func outputsThatAreNotFinite() throws {
    var values = Self.values
    (values[30], values[31], values[100]) = (-1, -2, -3)
    try write([6, 2, 3, 4], values)
    let alone = fettle("eval", ["--interpret"], model: "roots.fettle")
    #expect(alone.stdout.contains("not finite  outputs of 2 samples\n"), "\(alone)")
    let beside = fettle(
      "eval", ["--interpret", "--against", folder.file("roots.fettle"), "--json"])
    let found = try JSONValue.parse(beside.stdout)
    #expect(found["not_finite"]?.int == 0 && found["reference"]?["not_finite"]?.int == 2, "\(beside)")
    let text = fettle("eval", ["--interpret", "--against", folder.file("roots.fettle")])
    #expect(text.stdout.contains("outputs of 0 samples (roots 2)"), "\(text)")
    let compiled = fettle("compile", ["-o", folder.file("out")], model: "roots.fettle")
    #expect(compiled.stdout.contains("not finite   outputs of 2 samples (original 2)"), "\(compiled)")
  }

  @Test func calibrationThatShowsLittle() throws {
    try write([6, 2, 3, 4])
    let one = "warning: the passes are calibrated with one sample"
    let equal = "samples that the passes are calibrated with are all the same"
    func warned(_ words: [String], data: String = "data.npz") -> (String, Int32) {
      let result = fettle(words[0], Array(words.dropFirst()), data: data)
      return (result.stderr, result.status)
    }
    let out = folder.file("out")
    let ways = [
      ["eval", "--int8", "--interpret"], ["compile", "--int8", "-o", out, "--no-verify"],
      ["opt", "-p", "quantize", "-o", folder.file("q.fettle")], ["sensitivity", "--interpret"],
      ["analyze", "--int8"],
    ]
    for words in ways {
      let (enough, status) = warned(words)
      #expect(status == 0 && !enough.contains(one) && !enough.contains(equal), "\(words): \(enough)")
      let (single, _) = warned(words, data: "data.npz[3]")
      #expect(single.contains(one), "\(words): \(single)")
      let (quiet, quietStatus) = warned(words + ["-q"], data: "data.npz[3]")
      #expect(quietStatus == 0 && quiet.isEmpty, "\(words): \(quiet)")
    }
    // Half of two samples is held back.
    let (held, _) = warned(["opt", "--interpret", "-p", "quantize{max-drop=100}"], data: "data.npz[:2]")
    #expect(held.contains(one), "\(held)")
    // What is measured on one sample is calibrated with others.
    let (other, _) = warned(
      ["eval", "--int8", "--interpret", "--calibration-data", folder.file("data.npz")], data: "data.npz[3]")
    #expect(!other.contains("warning"), "\(other)")
    let (plain, _) = warned(["opt", "-p", "canonicalize"], data: "data.npz[3]")
    #expect(!plain.contains("warning"), "\(plain)")
    for number in [0.0, 0.5] {
      try write([6, 2, 3, 4], [Double](repeating: number, count: 144))
      for words in ways {
        let (same, status) = warned(words)
        #expect(status == 0 && same.contains("warning: the 6 \(equal)"), "\(words): \(same)")
      }
    }
  }

  /// Numbers that are infinite as they come are meant: masks of attention.
  @Test func infinityIsTaken() throws {
    var values = Self.values
    values[30] = -.infinity
    try write([6, 2, 3, 4], values)
    let result = fettle("eval", ["--interpret"])
    #expect(result.status == 0 && result.stdout.contains("not finite  outputs of 1 samples"), "\(result)")
  }

  /// A single float is no choice between classes: what stands beside the samples is not compared.
  @Test func oneFloatIsNoClass() throws {
    try Platform.writeFile(
      folder.file("one.fettle"),
      """
      graph @one(%x: f32[1,2,3,4]) -> (y: %y) {
        %y = reduce %x {axes=[1,2,3], keep_dims=false} : f32[1]
      }
      """)
    try write([6, 2, 3, 4], labels: [0, 1, 1, 0, 1, 0])
    for words in [["eval", "--interpret"], ["opt", "-p", "canonicalize", "--interpret"]] {
      let result = fettle(words[0], Array(words.dropFirst()), model: "one.fettle")
      #expect(result.status == 0, "\(words): \(result)")
    }
    let counted = fettle("eval", ["--interpret", "--metric", "top1"], model: "one.fettle")
    #expect(counted.status == 1 && counted.stderr.contains("the model has 1 class"), "\(counted)")
  }

  @Test func preprocessingThatOverflows() throws {
    var values = Self.values
    values[30] = 1e30
    try write([6, 2, 3, 4], values)
    let result = fettle("eval", ["--interpret", "--scale", "1e30"])
    #expect(result.status == 1, "\(result)")
    #expect(
      result.stderr.contains("row 1 of 'x' holds a number that is not finite behind the preprocessing"),
      "\(result.stderr)")
  }
}

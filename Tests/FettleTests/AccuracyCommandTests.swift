// SPDX-License-Identifier: Apache-2.0
import Checking
import CompilerSupport
import Fettle
import Tensors
import Testing

/// `eval`, `compile` and `sensitivity` on data: rows, calibration samples, what is told.
@Suite struct AccuracyCommandTests {
  private let folder: TemporaryFolder

  /// A classifier of four classes by which of four numbers, a little mixed, is the largest.
  private static let model = """
    graph @net(%x: f32[1,4,1,1]) -> (y: %y) {
      @a = f32[4,4,1,1] [1, 0.1, -0.2, 0, 0.1, 0.9, 0, 0.1, 0, -0.1, 1.1, 0.2, 0.1, 0, 0.1, 1]
      @b = f32[4,4] [2, 0, 0.1, 0, 0, 2.1, 0, 0.1, 0, 0, 1.9, 0, 0.2, 0, 0, 2]
      %1 = conv %x, @a : f32[1,4,1,1] loc("mix")
      %2 = unary %1 : f32[1,4,1,1] loc("relu")
      %3 = reshape %2 {shape=[-2,4]} : f32[1,4] loc("flat")
      %y = matmul %3, @b : f32[1,4] loc("head")
    }
    """

  init() throws {
    folder = try TemporaryFolder("fettle-accuracy")
    try Platform.writeFile(folder.file("net.fettle"), Self.model)
    var state: UInt64 = 7
    func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 40) / 16_777_216
    }
    let values = (0..<240).map { _ in next() }
    let labels = (0..<60).map { row in
      Double((0..<4).max { values[4 * row + $0] < values[4 * row + $1] } ?? 0)
    }
    try write("data.npz", [("x", [60, 4, 1, 1], values), ("y", [60], labels)])
    try write(
      "two.npz",
      [
        ("x_train", [40, 4, 1, 1], Array(values[..<160])), ("y_train", [40], Array(labels[..<40])),
        ("x_test", [20, 4, 1, 1], Array(values[160...])), ("y_test", [20], Array(labels[40...])),
      ])
    try write("plain.npz", [("x", [60, 4, 1, 1], values)])
    try write("bare.npz", [("x", [1, 4, 1, 1], Array(values[..<4])), ("y", [1], [labels[0]])])
    var broken = values
    broken[9] = .nan
    try write("nan.npz", [("x", [60, 4, 1, 1], broken), ("y", [60], labels)])
  }

  private func write(_ name: String, _ arrays: [(String, [Int], [Double])]) throws {
    var tensors: [(name: String, tensor: Tensor)] = []
    for (name, extents, values) in arrays {
      let shape = try #require(Shape(extents))
      let element: ElementType = extents.count == 1 ? .i64 : .f32
      tensors.append((name, Tensor(TensorType(element, shape), rounding: values)))
    }
    try Platform.writeFile(folder.file(name), try NumpyArchive.encode(tensors))
  }

  /// Words that end in a name of a file of the folder, perhaps with rows behind it, become its path.
  private func fettle(_ words: String...) -> CommandResult {
    let files = ["net.fettle", "data.npz", "two.npz", "plain.npz", "bare.npz", "nan.npz", "out"]
    let full = words.map { word in
      files.contains { word.hasPrefix($0) } ? folder.file(word) : word
    }
    return SampleCheck.command(full, Driver.standardToolkit)
  }

  private func json(_ words: String...) throws -> JSONValue {
    let files = ["net.fettle", "data.npz", "two.npz", "plain.npz", "bare.npz", "nan.npz"]
    let full = words.map { word in
      files.contains { word.hasPrefix($0) } ? folder.file(word) : word
    }
    let result = SampleCheck.command(full + ["--json"], Driver.standardToolkit)
    #expect(result.status == 0, "\(result.stderr)")
    return try JSONValue.parse(result.stdout)
  }

  @Test(arguments: [
    ("", 60), ("[:10]", 10), ("[50:]", 10), ("[-7:]", 7), ("[:-7]", 53), ("[1:10:2]", 5), ("[::2]", 30),
    ("[!::2]", 30), ("[3]", 1), ("[-1]", 1), ("[::7]", 9), ("[!:10]", 50), (":x[5:6]", 1), ("[100:]", 0),
    ("[7:3]", 0), ("[!:]", 0), ("[60]", 0), ("[-100:5]", 5),
  ]) func rows(_ rows: String, _ count: Int) throws {
    guard count > 0 else {
      let result = fettle("eval", "net.fettle", "--interpret", "--data", "data.npz\(rows)")
      #expect(result.status == 1 && result.stderr.contains("none of 60 rows is chosen"), "\(result)")
      return
    }
    let found = try json("eval", "net.fettle", "--interpret", "--data", "data.npz\(rows)")
    #expect(found["samples"]?.int == count)
  }

  @Test func rowsByLabel() throws {
    var sum = 0
    for label in 0..<4 {
      let rows = "data.npz[label=\(label)]"
      let all = try json("eval", "net.fettle", "--interpret", "--data", rows)["samples"]?.int ?? 0
      let even = try json(
        "eval", "net.fettle", "--interpret", "--data", "data.npz[::2,label=\(label)]")["samples"]?.int
      let rest = try json(
        "eval", "net.fettle", "--interpret", "--data", "data.npz[!::2,label=\(label)]")["samples"]?.int
      sum += all
      #expect(all > 1 && (even ?? 0) < all && (even ?? 0) + (rest ?? 0) == 60)
    }
    #expect(sum == 60)
  }

  @Test(arguments: [
    ("data.npz[", 2, "not closed"), ("data.npz:x[:10", 2, "not closed"), ("none.npz[:10", 1, "none.npz["),
    ("data.npz[]", 2, "names no rows"), ("data.npz[a]", 2, "names no rows"),
    ("data.npz[1:2:0]", 2, "names no rows"), ("data.npz[1:2:-1]", 2, "names no rows"),
    ("data.npz[99999999999999999999:]", 2, "names no rows"), ("data.npz[9223372036854775807]", 1, "is chosen"),
    ("data.npz:z", 1, "there is no array 'z'"), ("plain.npz[label=1]", 1, "there are no labels"),
    ("two.npz", 0, ""), ("two.npz:x_train", 0, ""), ("data.npz:x[::2][1]", 1, "data.npz"),
  ]) func wrongRows(_ data: String, _ status: Int32, _ words: String) {
    let result = fettle("eval", "net.fettle", "--interpret", "--data", data)
    #expect(result.status == status && result.stderr.contains(words), "\(result.stderr)")
  }

  @Test func labelsGoWithTheirArray() throws {
    let train = try json("eval", "net.fettle", "--interpret", "--data", "two.npz:x_train")
    let test = try json("eval", "net.fettle", "--interpret", "--data", "two.npz")
    #expect(train["samples"]?.int == 40 && test["samples"]?.int == 20)
    #expect((train["value"]?.double ?? 0) > 0.8 && (test["value"]?.double ?? 0) > 0.8)
    let wrong = fettle(
      "eval", "net.fettle", "--interpret", "--data", "two.npz:x_train", "--labels", "y_test")
    #expect(wrong.status == 1 && wrong.stderr.contains("20 labels in 'y_test' for 40 samples"))
  }

  @Test func evalBesideTheFloatModel() throws {
    let found = try json(
      "eval", "net.fettle", "-p", "quantize-int8", "--calibration-data", "two.npz:x_train", "--data",
      "two.npz:x_test")
    let reference = try #require(found["reference"])
    #expect(reference["model"]?.text == "original" && reference["samples"]?.int == 20)
    #expect(found["samples"]?.int == 20)
    let same = try #require(found["same_answer"]?.int)
    #expect(same >= 18 && found["agreement"]?.double == Double(same) / 20)
    for side in [found, reference] {
      let confidence = try #require(side["confidence"]?.double)
      #expect(confidence > 0.3 && confidence < 1, "\(confidence)")
    }
    let ratio = try #require(found["snr_db"]?.double)
    #expect(ratio > 25 && ratio < 60, "\(ratio)")
    #expect(found["not_finite"]?.int == 0)
    let wide = try json(
      "eval", "net.fettle", "--int16", "--calibration-data", "two.npz:x_train", "--data",
      "two.npz:x_test")
    #expect(try #require(wide["snr_db"]?.double) > ratio)
  }

  /// By the evaluator and by emitted C; the text names all that the JSON holds.
  @Test(arguments: [[], ["--interpret"]]) func evalAgainstAnotherModel(_ how: [String]) throws {
    let result = SampleCheck.command(
      ["eval", folder.file("net.fettle"), "--against", folder.file("net.fettle"), "--data",
        folder.file("data.npz")] + how, Driver.standardToolkit)
    #expect(result.status == 0, "\(result.stderr)")
    let lines = result.stdout.split(separator: "\n").map(String.init)
    #expect(lines.count == 5, "\(lines)")
    let accuracy = lines[0].dropFirst("net: ".count)
    #expect(lines[1].hasPrefix("  net") && lines[1].hasSuffix(accuracy), "\(lines)")
    #expect(lines[2].hasSuffix("60 of 60 (100.00 %)") && lines[3].contains("confidence"), "\(lines)")
    #expect(lines[4].hasSuffix("SNR inf dB, differ by 0.0 at most"), "\(lines)")
  }

  @Test func calibratedOnWhatCounts() {
    let seen = fettle("eval", "net.fettle", "--int8", "--interpret", "--data", "data.npz")
    #expect(seen.status == 0 && seen.stderr.contains("warning: the passes are calibrated with"))
    let own = fettle(
      "eval", "net.fettle", "--int8", "--interpret", "--data", "data.npz[::2]", "--calibration-data",
      "plain.npz[!::2]")
    #expect(own.status == 0 && own.stderr.isEmpty, "\(own.stderr)")
  }

  @Test func numbersThatAreNone() {
    let passes = "quantize{weights=i4 max-drop=5}"
    for words in [
      ["eval"], ["eval", "--against", folder.file("net.fettle")], ["verify"], ["verify", "--interpret"],
      ["compile", "-o", folder.file("out")], ["eval", "--int8"], ["analyze", "--int8"], ["sensitivity"],
      ["eval", "-p", passes], ["eval", "--int8", "--calibration-data", folder.file("data.npz")],
      ["sensitivity", "--calibration-data", folder.file("data.npz")],
      ["compile", "--int8", "--calibration-data", folder.file("data.npz"), "-o", folder.file("out")],
    ] {
      let result = SampleCheck.command(
        [words[0], folder.file("net.fettle"), "--data", folder.file("nan.npz")] + words.dropFirst(),
        Driver.standardToolkit)
      #expect(result.status == 1 && result.stderr.contains("nan.npz: error: "), "\(words): \(result)")
      let said = "row 2 of 'x' holds a number that is not finite"
      #expect(result.stderr.contains(said), "\(words): \(result)")
    }
    let without = fettle("eval", "net.fettle", "--interpret", "--data", "nan.npz[!2]")
    #expect(without.status == 0 && without.stdout.contains(" of 59 ("), "\(without)")
  }

  @Test func oneWordForIntegers() throws {
    let missing = fettle("compile", "net.fettle", "--int8", "-o", "out")
    #expect(missing.status == 1 && missing.stderr.contains("neither samples (--calibration-data, --data)"))
    for (words, said) in [
      (["--int8", "--int16"], "--int8 and --int16 both say"),
      (["--int8", "-p", "canonicalize"], "--int8 and --pipeline both say"),
    ] {
      let result = SampleCheck.command(
        ["compile", folder.file("net.fettle"), "-o", folder.file("out")] + words, Driver.standardToolkit)
      #expect(result.status == 2 && result.stderr.contains(said), "\(result.stderr)")
    }
    let result = fettle(
      "compile", "net.fettle", "--int8", "--calibration-data", "two.npz:x_train", "--data",
      "two.npz:x_test", "--with-test", "3", "-o", "out")
    #expect(result.status == 0, "\(result.stderr)")
    #expect(result.stdout.contains("same answer") && result.stdout.contains("of 20"), "\(result.stdout)")
    let source = try Platform.readText(folder.file("out/net.c"))
    #expect(source.contains("int8_t"))
    let report = fettle("analyze", "net.fettle", "--int8", "--data", "data.npz", "--json")
    #expect(report.status == 0, "\(report.stderr)")
    let emitted = fettle("emit", "net.fettle", "--int8", "--data", "data.npz", "-o", "-")
    #expect(emitted.status == 0 && emitted.stdout.contains("int8_t"), "\(emitted.stderr)")
  }

  /// A saved calibration tells ranges but holds no samples to learn the rounding on.
  @Test func integersFromASavedCalibration() throws {
    let saved = fettle(
      "opt", "net.fettle", "--int8", "--data", "data.npz", "--save-calibration", folder.file("c.json"),
      "-o", folder.file("learned.fettle"))
    #expect(saved.status == 0, "\(saved.stderr)")
    let again = fettle(
      "opt", "net.fettle", "--int8", "--calibration", folder.file("c.json"), "-o",
      folder.file("squant.fettle"))
    #expect(again.status == 0, "\(again.stderr)")
    let found = try json(
      "eval", folder.file("squant.fettle"), "--against", folder.file("net.fettle"), "--data", "data.npz")
    #expect(try #require(found["snr_db"]?.double) > 25)
  }

  @Test func sensitivity() throws {
    let found = try json(
      "sensitivity", "net.fettle", "--data", "two.npz:x_test", "--calibration-data", "two.npz:x_train",
      "--widths", "i8/i4,i16/i8", "--svg", folder.file("s.svg"))
    let layers = try #require(found["layers"]?.elements)
    #expect(layers.map { $0["name"]?.text } == ["mix", "head"])
    for layer in layers + [found] {
      let results = try #require((layer["results"] ?? layer["all_layers"])?.elements)
      #expect(results.map { $0["widths"]?.text } == ["i8/i4", "i16/i8"])
      let ratios = try results.map { try #require($0["snr_db"]?.double) }
      #expect(ratios[0] < ratios[1] - 5 && ratios[0] > 5, "\(ratios)")
      #expect(results.allSatisfy { $0["drop"]?.double != nil })
    }
    let picture = try Platform.readText(folder.file("s.svg"))
    for word in ["<svg", "mix", "head", "all layers", "i16/i8", " worst</text>", "</svg>"] {
      #expect(picture.contains(word), "\(word)")
    }
    let plain = fettle("sensitivity", "net.fettle", "--interpret", "--data", "plain.npz")
    #expect(plain.status == 0 && !plain.stdout.contains("drop"), "\(plain.stderr)")
    let lines = plain.stdout.split(separator: "\n")
    #expect(lines.count { $0.contains(" *") } >= 1 && lines.count == 8, "\(plain.stdout)")
  }

  @Test(arguments: [
    (["--widths", "i8"], 2, "'i8' are no widths"), (["--widths", "i8/i8,i8/i8"], 2, "given twice"),
    (["--widths", "i7/i8"], 2, "'i7/i8' are no widths"), (["-p", "canonicalize"], 2, "no pass 'quantize'"),
    (["-p", "quantize{keep=[mix, head]}"], 1, "no layer of f32"),
  ] as [([String], Int32, String)]) func wrongSensitivity(_ words: [String], _ status: Int32, _ said: String) {
    let result = SampleCheck.command(
      ["sensitivity", folder.file("net.fettle"), "--data", folder.file("data.npz")] + words,
      Driver.standardToolkit)
    #expect(result.status == status && result.stderr.contains(said), "\(result.stderr)")
  }

  @Test func accuracyIsHeld() throws {
    let passes = "canonicalize, quantize{weights=i4 per-channel=false max-drop=0}"
    let result = fettle(
      "eval", "net.fettle", "-p", passes, "--calibration-data", "two.npz:x_train", "--data",
      "two.npz:x_test", "--interpret")
    #expect(result.status == 0 || result.status == 4, "\(result.stderr)")
    #expect(result.stderr.contains("on 20 samples held back"), "\(result.stderr)")
    let one = fettle("eval", "net.fettle", "-p", passes, "--data", "bare.npz", "--interpret")
    #expect(one.status == 1 && one.stderr.contains("it cannot both calibrate and count"), "\(one.stderr)")
    let none = fettle("eval", "net.fettle", "-p", passes, "--data", "plain.npz", "--interpret")
    #expect(none.status == 1 && none.stderr.contains("no samples with labels are given"), "\(none.stderr)")
  }
}

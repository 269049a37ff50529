// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting

/// The fewest layers in wider types with which a model stays within a bound of accuracy. Layers are
/// widened in the order of what each, quantized alone, does to the outputs; how many are needed is
/// found by bisection, and those that turn out not to be needed go back.
struct WidthChoice {
  /// What a layer has, from the narrowest on.
  private enum Width {
    case asAll, wideWeights, wideActivations, float

    var text: String {
      switch self {
      case .asAll: "as they are asked for"
      case .wideWeights: "with weights of i8"
      case .wideActivations: "with activations of i16"
      case .float: "but the least sensitive one in float"
      }
    }
  }

  private let widths: LayerWidths
  private let pass: QuantizeModel
  private let scorer: any GraphScorer
  private let ladder: [Width]
  /// The points of the float model.
  private let reference: Double
  /// What was reached, for the user.
  private var reached: [String]

  init(_ widths: LayerWidths, _ pass: QuantizeModel, _ context: PassContext) throws(Failure) {
    guard let scorer = context.scorer else {
      throw Failure("there are no samples with labels to choose layers by")
    }
    self.widths = widths
    self.pass = pass
    self.scorer = scorer
    ladder =
      [.asAll] + (pass.weights == .i4 ? [.wideWeights] : [])
      + (pass.activations == .i16 ? [] : [.wideActivations]) + [.float]
    reference = try scorer.scores(of: [widths.graph], against: widths.graph)[0].points
    reached = ["float: \(Self.text(reference)) points on \(scorer.count) samples held back"]
  }

  /// The options that name the layers, and in the notes what they cost.
  mutating func best(_ notes: inout [String]) throws(Failure) -> QuantizeModel {
    var levels = widths.groups.map { _ in 0 }
    var isMet = try meets(levels, told: "all layers \(ladder[0].text)")
    for level in 1..<ladder.count where !isMet {
      let order = try order(at: level - 1)
      let count = order.count - (ladder[level] == .float ? 1 : 0)
      let most = raised(levels, order.prefix(count), level)
      if count > 0 { isMet = try meets(most, told: "all layers \(ladder[level].text)") }
      guard isMet else {
        levels = most
        continue
      }
      var (tooFew, enough) = (0, count)
      while enough - tooFew > 1 {
        let middle = (tooFew + enough) / 2
        if try meets(raised(levels, order.prefix(middle), level)) {
          enough = middle
        } else {
          tooFew = middle
        }
      }
      levels = try lowered(raised(levels, order.prefix(enough), level), order.reversed())
    }
    guard isMet else {
      throw Failure(
        "max-drop=\(pass.maxDrop) is met by no choice of layers", notes: reached, kind: .budget)
    }
    return try told(levels, &notes)
  }

  /// Whether a choice stays within the bound.
  private mutating func meets(_ levels: [Int], told: String? = nil) throws(Failure) -> Bool {
    let points = try points(levels)
    if let told { reached.append("\(told): \(Self.text(points))") }
    return reference - points <= pass.maxDrop + 1e-9
  }

  private func points(_ levels: [Int]) throws(Failure) -> Double {
    let graph = widths.quantized(options(levels))
    return try scorer.scores(of: [graph], against: widths.graph)[0].points
  }

  /// The layers by what each does to the outputs when it alone is quantized at a level, the worst
  /// first.
  private func order(at level: Int) throws(Failure) -> [Int] {
    let options = options(widths.groups.map { _ in level })
    var noises: [Double] = []
    // A few at a time: all of them are in memory.
    for start in stride(from: 0, to: widths.groups.count, by: 4) {
      let some = widths.groups[start..<min(start + 4, widths.groups.count)]
      let graphs = some.map { widths.quantized(only: $0, options) }
      noises += try scorer.scores(of: graphs, against: widths.graph).map(\.noise)
    }
    return noises.indices.sorted { (noises[$1], $0) < (noises[$0], $1) }
  }

  private func raised(_ levels: [Int], _ groups: some Sequence<Int>, _ level: Int) -> [Int] {
    var levels = levels
    for group in groups { levels[group] = level }
    return levels
  }

  /// The choice with layers narrower again where the bound allows it; the least sensitive ones come
  /// first, as many at once as can be.
  private mutating func lowered(
    _ levels: [Int], _ order: some Sequence<Int>
  ) throws(Failure) -> [Int] {
    let candidates = order.filter { levels[$0] > 0 }
    var (fits, tooMany) = (0, candidates.count)
    while tooMany - fits > 1 {
      let middle = (fits + tooMany) / 2
      if try meets(raised(levels, candidates.prefix(middle), 0)) {
        fits = middle
      } else {
        tooMany = middle
      }
    }
    var levels = raised(levels, candidates.prefix(fits), 0)
    for group in candidates.dropFirst(fits) {
      for level in 0..<levels[group] {
        let trial = raised(levels, [group], level)
        if try meets(trial) {
          levels = trial
          break
        }
      }
    }
    return levels
  }

  /// The options that say what a choice is.
  private func options(_ levels: [Int]) -> QuantizeModel {
    var options = pass
    options.maxDrop = .infinity
    for (group, level) in zip(widths.groups, levels) {
      switch ladder[level] {
      case .asAll: break
      case .wideWeights: if group.hasWeights { options.wideWeights.append(group.name) }
      case .wideActivations:
        if group.hasWeights, pass.weights == .i4 { options.wideWeights.append(group.name) }
        options.wide.append(group.name)
      case .float:
        // What stays in float is not wider: the options are refused if they say both.
        options.wide.removeAll { $0 == group.name }
        options.wideWeights.removeAll { $0 == group.name }
        options.keep.append(group.name)
      }
    }
    return options
  }

  private func told(_ levels: [Int], _ notes: inout [String]) throws(Failure) -> QuantizeModel {
    let chosen = options(levels)
    let wider = levels.count { $0 > 0 }
    let float = levels.count { ladder[$0] == .float }
    let floats = float == 0 ? "" : ", \(float) of them float"
    notes.append(
      "pass 'quantize': \(wider) of \(levels.count) layers have wider types\(floats): "
        + "\(Self.text(try points(levels))) points on \(scorer.count) samples held back, "
        + "float \(Self.text(reference))")
    notes.append("pass 'quantize': the same without labels: \(chosen.shortText)")
    return chosen
  }

  private static func text(_ points: Double) -> String { NumberText.fixed(points, 2) }
}

extension QuantizeModel {
  /// The pass with the options that are not as they are by default.
  fileprivate var shortText: String {
    let defaults = QuantizeModel()
    let options = Self.options.filter { !$0.same(self, defaults) }
    return options.isEmpty
      ? Self.name
      : "\(Self.name){\(options.map { "\($0.name)=\($0.text(self))" }.joined(separator: " "))}"
  }
}

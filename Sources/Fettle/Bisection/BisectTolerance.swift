// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Rewriting
import Tensors

/// How far outputs may move before a pass is to blame.
enum BisectTolerance: Equatable {
  /// Not at all.
  case exact
  /// Every element by at most this much.
  case absolute(Double)
  /// Every element by at most this share of the largest magnitude in its tensor.
  case relative(Double)
  /// The largest element of the first output stands where it stood, in at least this share of the
  /// samples.
  case topOne(Double)

  /// `exact`, `abs 1e-3`, `rel 1e-4`, `top1` or `top1 0.95`.
  ///
  /// - Throws: if the text is none of these.
  init(_ text: String) throws(Failure) {
    let words = text.split(separator: " ").map(String.init)
    let number = words.count == 2 ? Double(words[1]) : nil
    switch (words.first, words.count) {
    case ("exact", 1): self = .exact
    case ("top1", 1): self = .topOne(1)
    case ("top1", 2):
      guard let number, number > 0, number <= 1 else {
        throw Failure("'\(words[1])' is no share above 0 and up to 1")
      }
      self = .topOne(number)
    case ("abs", 2), ("rel", 2):
      guard let number, number > 0, number.isFinite else {
        throw Failure("'\(words[1])' is no bound above 0")
      }
      self = words[0] == "abs" ? .absolute(number) : .relative(number)
    default:
      throw Failure("'\(text)' is none of 'exact', 'abs BOUND', 'rel BOUND', 'top1', 'top1 SHARE'")
    }
  }

  /// The tolerance for passes of an effect. Compiled code sums in another order where the graph
  /// around an op is another, so that even exact passes are given some room.
  init(for effect: NumericEffect) {
    switch effect {
    case .exact: self = .relative(1e-5)
    case .reassociates: self = .relative(1e-3)
    case .lossy: self = .relative(0.1)
    }
  }

  /// The tolerance as the option takes it.
  var text: String {
    switch self {
    case .exact: "exact"
    case .absolute(let bound): "abs \(bound)"
    case .relative(let bound): "rel \(bound)"
    case .topOne(let share): share == 1 ? "top1" : "top1 \(share)"
    }
  }

  /// What the values of single ops are held to: the tolerance itself, or, as only outputs have a
  /// class, the one for the passes' effect.
  func forOps(_ effect: NumericEffect) -> BisectTolerance {
    if case .topOne = self { BisectTolerance(for: effect) } else { self }
  }

  /// Whether a difference is within the tolerance (with `top1`: always).
  func allows(_ gap: TensorGap) -> Bool {
    switch self {
    case .exact: gap.absolute == 0
    case .absolute(let bound): gap.absolute <= bound
    case .relative(let bound): gap.relative <= bound
    case .topOne: true
    }
  }

  /// The position of the largest element of each row; a tensor of up to one axis is one row.
  static func classes(_ tensor: Tensor) -> [Int] {
    let numbers = tensor.doubles()
    let rows = tensor.shape.rank > 1 ? tensor.shape[0] : 1
    guard rows > 0, numbers.count >= rows else { return [] }
    let width = numbers.count / rows
    return (0..<rows).map { row in
      var best = row * width
      for i in row * width..<(row + 1) * width where numbers[i] > numbers[best] { best = i }
      return best - row * width
    }
  }
}

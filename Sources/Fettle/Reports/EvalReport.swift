// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// What `fettle eval` tells: a model's answers on a data set, beside those of another one.
struct EvalReport {
  let model: String
  let answers: AnswerMeasurement.Answers
  /// The name of what the answers are compared with; nil for nothing.
  let reference: String?
  let expected: AnswerMeasurement.Answers?

  /// Samples answered as by the reference; nil where there is no choice between classes.
  private var sameCount: Int? {
    guard let expected, answers.accuracy.metric == .top1 || answers.confidence != nil else {
      return nil
    }
    let (mine, its) = (answers.accuracy.answers, expected.accuracy.answers)
    guard !mine.isEmpty, mine.count == its.count else { return nil }
    return zip(mine, its).count { $0 == $1 }
  }

  /// One line, and one for each other thing that is known.
  var text: String {
    var table = Table(untitled: [.left, .left])
    if let reference, let expected { table.row(["  " + reference, expected.accuracy.text]) }
    if let sameCount {
      let share = NumberText.fixed(100 * Double(sameCount) / Double(answers.accuracy.count), 2)
      table.row(["  same answer", "\(sameCount) of \(answers.accuracy.count) (\(share) %)"])
    }
    if let confidence = answers.confidence {
      let other = expected?.confidence.map { " (\(reference ?? "") \(Self.share($0)))" } ?? ""
      table.row(["  confidence", Self.share(confidence) + other])
    }
    if let error = answers.error {
      let ratio = error.decibels
      let decibels = ratio.isFinite ? NumberText.fixed(ratio, 1) : "\(ratio)"
      table.row(["  outputs", "SNR \(decibels) dB, differ by \(Float(error.maxAbsolute)) at most"])
    }
    if answers.unsoundCount > 0 || expected?.unsoundCount ?? 0 > 0 {
      let other = expected.map { " (\(reference ?? "") \($0.unsoundCount))" } ?? ""
      table.row(["  not finite", "outputs of \(answers.unsoundCount) samples" + other])
    }
    return "\(model): \(answers.accuracy.text)\n" + table.text
  }

  private static func share(_ value: Double) -> String { NumberText.fixed(100 * value, 2) + " %" }

  /// The same for programs.
  var json: JSONValue {
    var members = [JSONValue.Member("model", .string(model))] + Self.members(answers)
    if let sameCount {
      members.append(.init("same_answer", .integer(sameCount)))
      members.append(
        .init("agreement", .number(Double(sameCount) / Double(answers.accuracy.count))))
    }
    if let error = answers.error {
      members.append(.init("snr_db", .number(error.decibels)))
      members.append(.init("max_abs", .number(error.maxAbsolute)))
    }
    if let reference, let expected {
      members.append(
        .init("reference", .object([.init("model", .string(reference))] + Self.members(expected))))
    }
    return .object(members)
  }

  private static func members(_ answers: AnswerMeasurement.Answers) -> [JSONValue.Member] {
    let accuracy = answers.accuracy
    var members: [JSONValue.Member] = [
      .init("metric", .string(accuracy.metric.rawValue)), .init("samples", .integer(accuracy.count)),
    ]
    if let correct = accuracy.correct { members.append(.init("correct", .integer(correct))) }
    if let value = accuracy.value { members.append(.init("value", .number(value))) }
    if let confidence = answers.confidence {
      members.append(.init("confidence", .number(confidence)))
    }
    members.append(.init("not_finite", .integer(answers.unsoundCount)))
    return members
  }
}

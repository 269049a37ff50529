// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors

/// The shape of stored samples against that of an input, which may be written in other words: with
/// extents of 1, or flat.
enum SampleShape {
  /// Checks that the elements of a sample lie in the order in which the input has them, or are
  /// brought into it by `channelsLast`.
  static func check(
    _ sample: [Int], of array: String, _ layout: ArrayMapping.Layout?, channelsLast: Bool,
    for type: TensorType, port: String
  ) throws(Failure) {
    guard !channelsLast else { return }
    let wanted = type.shape.extents
    let (mine, its) = (sample.filter { $0 != 1 }, wanted.filter { $0 != 1 })
    guard mine != its else { return }
    var notes: [String] = []
    if layout == .nhwc, wanted.count > 2, wanted[1] > 1, its.count > 1 {
      notes = [
        "samples with channels last have as many dimensions as the input has behind the batch"
      ]
    } else if isSameOrder(mine, its) {
      return
    } else if layout == .asIs, sample.count == wanted.count - 1, let last = sample.last,
      [last] + Array(sample.dropLast()) == Array(wanted.dropFirst())
    {
      notes = ["with channels last, as by --layout nhwc, they would fit"]
    }
    throw Failure(
      "samples \(sample.text) of '\(array)' do not fit input '\(port)' \(type)", notes: notes)
  }

  /// Whether one shape is the other with neighbouring dimensions taken together, so that the order
  /// of elements is the same. Of shapes of one rank and without extents of 1 only equal ones are.
  private static func isSameOrder(_ a: [Int], _ b: [Int]) -> Bool {
    let (ends, others) = (Self.ends(a), Self.ends(b))
    return ends.isSubset(of: others) || others.isSubset(of: ends)
  }

  /// The counts of elements in the first dimension, in the first two, and so on.
  private static func ends(_ extents: [Int]) -> Set<Int> {
    var count = 1
    return Set(
      extents.map { extent in
        count *= extent
        return count
      })
  }
}

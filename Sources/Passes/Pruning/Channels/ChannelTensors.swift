// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors

extension Tensor {
  /// The positions of an axis that are named, in their order.
  func selecting(_ kept: [Int], axis: Int) -> Tensor {
    var extents = shape.extents
    let inner = extents[(axis + 1)...].reduce(1, *)
    let outer = extents[..<axis].reduce(1, *)
    let axisExtent = extents[axis]
    extents[axis] = kept.count
    guard let selected = Shape(extents) else { unreachable("a part of a tensor has a shape") }
    let type = TensorType(element, selected)
    guard element.bitCount % 8 == 0 else {
      let all = integers()
      var part: [Int64] = []
      part.reserveCapacity(selected.elementCount)
      for o in 0..<outer {
        for k in kept {
          let start = (o * axisExtent + k) * inner
          part.append(contentsOf: all[start..<start + inner])
        }
      }
      return Tensor(type, wrapping: part)
    }
    let run = inner * element.bitCount / 8
    let part = Bytes(count: type.byteCount) { target in
      bytes.withUnsafeBytes { source in
        var position = 0
        for o in 0..<outer {
          for k in kept {
            let start = (o * axisExtent + k) * run
            target[position..<position + run].copyBytes(from: source[start..<start + run])
            position += run
          }
        }
      }
    }
    guard let tensor = Tensor(type, bytes: part) else { unreachable("the bytes are the type's") }
    return tensor
  }

  /// For each position along an axis the number that all elements there are, nil where they differ
  /// or are not finite.
  func uniformValues(axis: Int) -> [Double?] {
    let extent = shape[axis]
    let inner = shape.extents[(axis + 1)...].reduce(1, *)
    guard count > 0 else { return [] }
    let all = doubles()
    var values: [Double?] = (0..<extent).map { all[$0 * inner] }
    for (i, value) in all.enumerated() where value != values[i / inner % extent] {
      values[i / inner % extent] = nil
    }
    return values.map { $0.flatMap { $0.isFinite ? $0 : nil } }
  }
}

/// The constant weights of a layer as a matrix from input channels to output channels: the sums
/// over the kernel, and which are not all zero. Nothing is stored beside the weights: most are
/// never asked for.
struct WeightMatrix {
  let outputs: Int
  /// Input channels that an output sums over.
  let inputsPerGroup: Int
  let groups: Int
  private let inputsFirst: Bool
  /// Weights of a pair of channels.
  private let inner: Int
  private let columns: Int
  private let weights: WeightValues

  /// The matrix of a weight [O, C/groups, …], or [C, O, …] if it is `inputsFirst` (without groups
  /// then).
  init(_ weight: Tensor, groups: Int, inputsFirst: Bool = false) {
    let extents = weight.shape.extents
    (outputs, inputsPerGroup) = inputsFirst ? (extents[1], extents[0]) : (extents[0], extents[1])
    self.groups = groups
    self.inputsFirst = inputsFirst
    inner = extents[2...].reduce(1, *)
    columns = extents[1]
    weights = WeightValues(weight)
  }

  private func place(_ output: Int, _ j: Int) -> Range<Int> {
    let start = (inputsFirst ? j * columns + output : output * columns + j) * inner
    return start..<start + inner
  }

  /// Whether an output depends on its j-th input.
  func reads(_ output: Int, _ j: Int) -> Bool { weights.hasNonZero(place(output, j)) }
  /// The sum of an output's weights for its j-th input.
  func sum(_ output: Int, _ j: Int) -> Double { weights.sum(place(output, j)) }
  /// The channel that is the j-th input of an output.
  func input(_ output: Int, _ j: Int) -> Int {
    output / (outputs / groups) * inputsPerGroup + j
  }

  /// What is known of the outputs: those that read constants alone, which must be zero unless the
  /// sum is `uniform`.
  func constants(_ known: [Double?], bias: Tensor?, uniform: Bool) -> [Double?] {
    let biases = bias?.doubles()
    return (0..<outputs).map { output in
      var value = biases?[output] ?? 0
      for j in 0..<inputsPerGroup where reads(output, j) {
        let channel = input(output, j)
        guard channel < known.count, let constant = known[channel], constant == 0 || uniform
        else { return nil }
        value += constant * sum(output, j)
      }
      return value
    }
  }

  /// The biases of the outputs whose weights are not all zero but at most `tolerance` of the largest one; none where a
  /// weight is not finite.
  func negligible(within tolerance: Double, bias: Tensor?) -> [Int: Double] {
    let sizes = (0..<outputs).map(largestWeight)
    let limit = tolerance * (sizes.max() ?? 0)
    let found = sizes.indices.filter { sizes[$0] > 0 && sizes[$0] <= limit }
    guard sizes.allSatisfy(\.isFinite), !found.isEmpty else { return [:] }
    let biases = bias?.doubles()
    return Dictionary(uniqueKeysWithValues: found.map { ($0, biases?[$0] ?? 0) })
  }

  /// The largest magnitude of an output's weights.
  private func largestWeight(_ output: Int) -> Double {
    if inputsFirst {
      return (0..<inputsPerGroup).reduce(0) { weights.largest(place(output, $1), atLeast: $0) }
    }
    let filter = columns * inner
    return weights.largest(output * filter..<(output + 1) * filter, atLeast: 0)
  }

  /// The biases of the outputs that stay when the inputs that do not stay leave; nil if there is
  /// nothing to add.
  func bias(_ bias: Tensor?, _ narrowing: Narrowing, _ element: ElementType) -> Tensor? {
    let stays = Set(narrowing.operands[0])
    let old = bias?.doubles()
    var isNeeded = bias != nil
    let biases = narrowing.result.map { output in
      var value = old?[output] ?? 0
      for j in 0..<inputsPerGroup {
        let channel = input(output, j)
        guard channel < narrowing.known.count, !stays.contains(channel),
          let constant = narrowing.known[channel], constant != 0, reads(output, j)
        else { continue }
        value += constant * sum(output, j)
        isNeeded = true
      }
      return value
    }
    guard isNeeded, let shape = Shape([biases.count]) else { return nil }
    return Tensor(TensorType(element, shape), rounding: biases)
  }

  // MARK: Groups

  /// The inputs of a group.
  func inputs(of group: Int) -> Range<Int> {
    group * inputsPerGroup..<(group + 1) * inputsPerGroup
  }

  /// The outputs of a group.
  func outputs(of group: Int) -> Range<Int> {
    let count = outputs / groups
    return group * count..<(group + 1) * count
  }

  /// For each group that stays the outputs that do, and the inputs counted within the group.
  func blocks(_ narrowing: Narrowing) -> [(rows: [Int], columns: [Int])] {
    (0..<groups).compactMap { group in
      let (ins, outs) = (inputs(of: group), outputs(of: group))
      let rows = narrowing.result.filter { outs.contains($0) }
      let columns = narrowing.operands[0].filter { ins.contains($0) }
      return rows.isEmpty ? nil : (rows, columns.map { $0 - ins.lowerBound })
    }
  }

  /// Adds channels to those that stay until all groups that stay have as many of each kind: a group
  /// leaves whole, or loses as many channels as the others.
  func evenOut(_ ins: inout [Bool], _ outs: inout [Bool]) {
    guard groups > 1 else { return }
    let staying = (0..<groups).filter { group in
      ins[inputs(of: group)].contains(true) || outs[outputs(of: group)].contains(true)
    }
    func fill(_ flags: inout [Bool], _ channels: (Int) -> Range<Int>) {
      let counts = staying.map { flags[channels($0)].count { $0 } }
      let most = max(1, counts.max() ?? 0)
      for (group, count) in zip(staying, counts) where count < most {
        let idle = channels(group).filter { !flags[$0] }
        for channel in idle.prefix(most - count) { flags[channel] = true }
      }
    }
    fill(&ins, inputs(of:))
    fill(&outs, outputs(of:))
  }
}

/// The elements of a tensor of floats: in place where they are of single precision.
private enum WeightValues {
  case single(Bytes)
  case decoded([Double])

  init(_ tensor: Tensor) {
    self = tensor.element == .f32 ? .single(tensor.bytes) : .decoded(tensor.doubles())
  }

  func hasNonZero(_ range: Range<Int>) -> Bool {
    switch self {
    case .single(let bytes):
      bytes.withUnsafeBytes { memory in
        range.contains { memory.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) != 0 }
      }
    case .decoded(let values): values[range].contains { $0 != 0 }
    }
  }

  /// The largest magnitude in a range and `floor`, which is none below 0. Compared as integers, as which what is not
  /// finite is larger than all numbers.
  func largest(_ range: Range<Int>, atLeast floor: Double) -> Double {
    switch self {
    case .single(let bytes):
      let most = bytes.withUnsafeBytes { memory in
        range.reduce(Float(floor).bitPattern) { most, i in
          max(most, memory.loadUnaligned(fromByteOffset: i * 4, as: UInt32.self) & 0x7fff_ffff)
        }
      }
      return Double(Float(bitPattern: most))
    case .decoded(let values):
      return Double(
        bitPattern: values[range].reduce(floor.bitPattern) { max($0, $1.magnitude.bitPattern) })
    }
  }

  func sum(_ range: Range<Int>) -> Double {
    switch self {
    case .single(let bytes):
      bytes.withUnsafeBytes { memory in
        range.reduce(0.0) {
          $0 + Double(memory.loadUnaligned(fromByteOffset: $1 * 4, as: Float.self))
        }
      }
    case .decoded(let values): values[range].reduce(0, +)
    }
  }
}

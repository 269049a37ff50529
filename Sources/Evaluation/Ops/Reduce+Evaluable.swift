// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

extension Reduce: Evaluable {
  public func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor] {
    let input = try operands.require(.input)
    let type = resultTypes[0]
    if input.element.isFloat { return [reduced(input, type, as: Double.self, float)] }
    switch kind {
    case .sum, .mean, .max, .min, .product, .l1, .sumOfSquares:
      return [reduced(input, type, as: Int64.self, integer)]
    case .l2, .logSum, .logSumExp:
      // These have fractions, which are cut.
      return [reduced(input, type, as: Double.self) { float($0).rounded(.towardZero) }]
    }
  }

  /// The elements of one group, which can be walked several times.
  private struct Group<Number: WideNumber> {
    let groups: AxisGroups
    let start: Int
    let input: Tensor
    let room: UnsafeMutablePointer<Number>

    var count: Int { groups.groupSize }

    func join(_ initial: Number, _ function: (Number, Number) -> Number) -> Number {
      var result = initial
      groups.forEachRun(start, of: input, room) { for x in $0 { result = function(result, x) } }
      return result
    }
  }

  private func reduced<Number: WideNumber>(
    _ input: Tensor, _ type: TensorType, as number: Number.Type,
    _ function: (Group<Number>) -> Number
  ) -> Tensor {
    let groups = AxisGroups(input.shape, axes: axes)
    return TensorBuilder.make(type) { builder in
      withRunRoom(of: Number.self) { room in
        var index = 0
        groups.forEach { start in
          var result = function(
            Group(groups: groups, start: start, input: input, room: room))
          builder.store(&result, at: index, count: 1)
          index += 1
        }
      }
    }
  }

  private func float(_ group: Group<Double>) -> Double {
    switch kind {
    case .sum: group.join(0) { $0 + $1 }
    case .mean: group.join(0) { $0 + $1 } / Double(group.count)
    case .max: group.join(-.infinity) { $0.isNaN || $0 > $1 ? $0 : $1 }
    case .min: group.join(.infinity) { $0.isNaN || $0 < $1 ? $0 : $1 }
    case .product: group.join(1) { $0 * $1 }
    case .l1: group.join(0) { $0 + $1.magnitude }
    case .l2: group.join(0) { $0 + $1 * $1 }.squareRoot()
    case .logSum: Mathematics.log(group.join(0) { $0 + $1 })
    case .sumOfSquares: group.join(0) { $0 + $1 * $1 }
    case .logSumExp: logSumExp(group)
    }
  }

  private func logSumExp(_ group: Group<Double>) -> Double {
    let largest = group.join(-.infinity) { $0.isNaN || $0 > $1 ? $0 : $1 }
    guard largest.isFinite else { return largest }
    return largest + Mathematics.log(group.join(0) { $0 + Mathematics.exp($1 - largest) })
  }

  private func integer(_ group: Group<Int64>) -> Int64 {
    let element = group.input.element
    func order(_ x: Int64) -> Int64 { Int64.ordered(x, element) }
    switch kind {
    case .sum: return group.join(0) { $0 &+ $1 }
    case .product: return group.join(1) { $0 &* $1 }
    case .l1:
      let isSigned = element.kind == .signed
      return group.join(0) { $0 &+ (isSigned && $1 < 0 ? 0 &- $1 : $1) }
    case .sumOfSquares: return group.join(0) { $0 &+ $1 &* $1 }
    case .max:
      return group.join(Int64.lowest(of: element)) { order($0) > order($1) ? $0 : $1 }
    case .min:
      let largest = element == .u64 ? -1 : element.integerRange?.upperBound ?? .max
      return group.join(largest) { order($0) < order($1) ? $0 : $1 }
    case .mean:
      guard group.count > 0 else { return 0 }
      let sum = group.join(0) { $0 &+ $1 }
      guard element == .u64 else { return sum / Int64(group.count) }
      return Int64(bitPattern: UInt64(bitPattern: sum) / UInt64(group.count))
    case .l2, .logSum, .logSumExp: unreachable("\(kind.rawValue) is computed in double")
    }
  }
}

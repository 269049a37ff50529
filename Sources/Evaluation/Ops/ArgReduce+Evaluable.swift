// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

extension ArgReduce: Evaluable {
  public func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor] {
    let input = try operands.require(.input)
    let (kind, last) = (kind, selectsLast)
    if input.element.isFloat {
      return [
        positions(input, resultTypes[0], as: Double.self) { new, best in
          if new.isNaN { return last || !best.isNaN }
          return last && new == best || (kind == .max ? new > best : new < best)
        }
      ]
    }
    let element = input.element
    return [
      positions(input, resultTypes[0], as: Int64.self) { new, best in
        let (x, y) = (Int64.ordered(new, element), Int64.ordered(best, element))
        return last && x == y || (kind == .max ? x > y : x < y)
      }
    ]
  }

  /// The position in each group of the element that wins against all before it.
  private func positions<Number: WideNumber>(
    _ input: Tensor, _ type: TensorType, as number: Number.Type,
    _ wins: (_ new: Number, _ best: Number) -> Bool
  ) -> Tensor {
    let groups = AxisGroups(input.shape, axes: [axis])
    return TensorBuilder.make(type) { builder in
      withRunRoom(of: Number.self) { room in
        var index = 0
        groups.forEach { start in
          var best: Number?
          var position: Int64 = 0
          var winner: Int64 = 0
          groups.forEachRun(start, of: input, room) { run in
            for x in run {
              if best.map({ wins(x, $0) }) ?? true { (best, winner) = (x, position) }
              position += 1
            }
          }
          builder.store(&winner, at: index, count: 1)
          index += 1
        }
      }
    }
  }
}

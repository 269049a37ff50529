// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
import Targets
import Tensors

/// Local response normalisation: for each channel the squares of its neighbours, by vectors over
/// the positions of a plane. The window is cut at the first and last channels, and written out
/// between them.
public struct LocalResponseNormLowering: OpLowering {
  public let name = "local-response-norm"
  public let summary = "sums of squares over neighbouring channels, by vectors over a plane"

  /// The lowering.
  public init() {}

  /// Windows of more channels are not written out.
  private static let unrolledWindow = 9

  public func lower(
    _ op: OpRef<LocalResponseNorm>, in context: inout LoweringContext
  ) throws(LoweringError) {
    guard let input = context.graph.operand(op, .input) else {
      unreachable("a verified normalisation has its operand")
    }
    let result = context.result(of: op)
    let type = result.layout.type
    let shape = type.shape
    guard shape.elementCount > 0 else { return }
    var source = context.view(of: input)
    if source.layout.isSplit { source = context.relayout(source, to: .rowMajor(type)) }
    var k = KernelBuilder("lrn")
    let x = k.input("x", source)
    let y = k.output("y", result)
    let attributes = op.attributes
    let plane = MergedDimensions(shape) { min($0, 2) }
    let isPlain = plane.groups.count == 3
      && plane.course(along: 2, in: x.layout) == .contiguous
      && plane.course(along: 2, in: y.layout) == .contiguous
    let merged = isPlain ? plane : MergedDimensions(shape) { $0 }
    let lanes = isPlain && type.element == .f32 ? context.target.lanes(32) : 1
    let channels = shape[1]
    let (before, after) = ((op.size - 1) / 2, op.size / 2)

    func channel(
      _ k: inout KernelBuilder, _ outer: [Index],
      _ window: (inout KernelBuilder, (inout KernelBuilder, Index) -> Void) -> Void
    ) {
      let extents = Array(merged.extents.dropFirst(2))
      func normalize(_ k: inout KernelBuilder, _ inner: [Index], _ lanes: Int) {
        let valueType = ValueType(type.element.computed, lanes: lanes)
        let sum = k.registers("sum", initial: .constant(0, like: valueType))
        window(&k) { k, channel in
          let place = merged.coordinates([outer[0], channel] + inner)
          let number = k.bind("v", k.load(x, place, lanes: lanes))
          k.set(sum, .primitive(.multiplyAdd, [number, number, .register(sum, [])]))
        }
        let factor = Expression.float(Double(attributes.alpha) / Double(attributes.size), valueType)
        let base = k.bind(
          "base", .register(sum, []) * factor + .float(Double(attributes.bias), valueType))
        let place = merged.coordinates(outer + inner)
        let divisor = power(base, Double(attributes.beta))
        k.store(y, place, k.load(x, place, lanes: lanes) / divisor)
      }
      if isPlain {
        k.run("p", 0..<extents[0], lanes: lanes) { k, p, lanes in normalize(&k, [p], lanes) }
      } else {
        k.loops([], extents) { k, inner in normalize(&k, inner, 1) }
      }
    }

    /// The channels of a range whose windows are cut at a border.
    func cut(_ k: inout KernelBuilder, _ n: Index, _ range: Range<Int>) {
      k.loop("c", range) { k, c in
        channel(&k, [n, c]) { k, add in
          k.loop(
            "j", from: Bound([0, c - before]), to: Bound([Index(channels), c + (after + 1)]),
            within: 0..<channels
          ) { k, j in add(&k, j) }
        }
      }
    }
    k.loop("n", 0..<shape[0]) { k, n in
      let isWide = op.size > Self.unrolledWindow || channels < op.size
      guard !isWide else { return cut(&k, n, 0..<channels) }
      cut(&k, n, 0..<before)
      k.loop("c", before..<channels - after) { k, c in
        channel(&k, [n, c]) { k, add in
          k.loop("j", 0..<attributes.size, .unrolled) { k, j in add(&k, c + j - before) }
        }
      }
      cut(&k, n, channels - after..<channels)
    }
    context.add(k, [x, y])
  }

  /// A power; those of usual exponents by square roots, which vectors have.
  private func power(_ base: Expression, _ exponent: Double) -> Expression {
    func root(_ x: Expression) -> Expression { .unary(.squareRoot, x) }
    switch exponent {
    case 1: return base
    case 0.5: return root(base)
    case 0.75: return root(base) * root(root(base))
    default: return .binary(.power, base, .float(exponent, base.type))
    }
  }
}

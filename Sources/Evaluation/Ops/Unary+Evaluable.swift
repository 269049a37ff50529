// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

extension Unary: Evaluable {
  public func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor] {
    let input = try operands.require(.input)
    let type = resultTypes[0]
    if input.element.isFloat {
      return [mapped(input, to: type, as: Double.self) { apply(to: $0) }]
    }
    let isSigned = input.element.kind == .signed
    return [mapped(input, to: type, as: Int64.self) { apply(to: $0, isSigned: isSigned) }]
  }

  /// Applies the function to integers.
  private func apply(to run: UnsafeMutableBufferPointer<Int64>, isSigned: Bool) {
    switch function {
    case .relu: if isSigned { each(run) { max($0, 0) } }
    case .negate: each(run) { 0 &- $0 }
    case .abs: if isSigned { each(run) { $0 < 0 ? 0 &- $0 : $0 } }
    case .sign: if isSigned { each(run) { $0.signum() } } else { each(run) { $0 == 0 ? 0 : 1 } }
    case .not: each(run) { $0 == 0 ? 1 : 0 }
    default: unreachable("\(function.rawValue) takes no integers")
    }
  }

  /// Applies the function to floats.
  private func apply(to run: UnsafeMutableBufferPointer<Double>) {
    let (alpha, beta) = (Double(alpha), Double(beta))
    switch function {
    case .relu: each(run) { $0 < 0 ? 0 : $0 }
    case .sigmoid: each(run) { 1 / (1 + Mathematics.exp(-$0)) }
    case .tanh: each(run) { Mathematics.tanh($0) }
    case .exp: each(run) { Mathematics.exp($0) }
    case .log: each(run) { Mathematics.log($0) }
    case .sqrt: each(run) { $0.squareRoot() }
    case .reciprocal: each(run) { 1 / $0 }
    case .negate: each(run) { -$0 }
    case .abs: each(run) { $0.magnitude }
    case .sign: each(run) { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 }
    case .floor: each(run) { $0.rounded(.down) }
    case .ceil: each(run) { $0.rounded(.up) }
    case .round: each(run) { $0.rounded(.toNearestOrEven) }
    case .sin: each(run) { Mathematics.sin($0) }
    case .cos: each(run) { Mathematics.cos($0) }
    case .tan: each(run) { Mathematics.tan($0) }
    case .asin: each(run) { Mathematics.asin($0) }
    case .acos: each(run) { Mathematics.acos($0) }
    case .atan: each(run) { Mathematics.atan($0) }
    case .sinh: each(run) { Mathematics.sinh($0) }
    case .cosh: each(run) { Mathematics.cosh($0) }
    case .asinh: each(run) { Mathematics.asinh($0) }
    case .acosh: each(run) { Mathematics.acosh($0) }
    case .atanh: each(run) { Mathematics.atanh($0) }
    case .erf: each(run) { Mathematics.erf($0) }
    case .softplus:
      // The larger part is taken out of the logarithm, so that the exponential cannot overflow.
      each(run) { max($0, 0) + Mathematics.logOnePlus(Mathematics.exp(-$0.magnitude)) }
    case .softsign: each(run) { $0 / (1 + $0.magnitude) }
    case .hardSwish: each(run) { $0 * clipped($0 / 6 + 0.5, 0, 1) }
    case .hardSigmoid: each(run) { clipped(alpha * $0 + beta, 0, 1) }
    case .leakyRelu: each(run) { $0 < 0 ? alpha * $0 : $0 }
    case .elu: each(run) { $0 < 0 ? alpha * Mathematics.expMinusOne($0) : $0 }
    case .clip: each(run) { clipped($0, alpha, beta) }
    case .swish: each(run) { $0 / (1 + Mathematics.exp(-alpha * $0)) }
    case .isNaN: each(run) { $0.isNaN ? 1 : 0 }
    case .not: unreachable("not takes no floats")
    }
  }

  /// The smaller of the upper bound and the larger of the number and the lower bound; NaN stays.
  private func clipped(_ x: Double, _ lower: Double, _ upper: Double) -> Double {
    let raised = x < lower ? lower : x
    return raised > upper ? upper : raised
  }

  @inline(__always)
  private func each<Number>(
    _ run: UnsafeMutableBufferPointer<Number>, _ function: (Number) -> Number
  ) {
    for i in run.indices { run[i] = function(run[i]) }
  }
}

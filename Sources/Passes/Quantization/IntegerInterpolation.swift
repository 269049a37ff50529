// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// A function of one tensor of 16-bit integers, made of any elementwise ops between `dequantize` and
/// `quantize`, as lines between 513 to 4097 of its values, which a table holds with 12 binary places:
///
///     %d = dequantize %x, @s         %i = cast %x {to=i32} + 32768
///     %e = unary tanh %d        →    %k = %i >> 7
///     %q = quantize %e, @t           %y = gather @values, %k + gather @slopes, %k · (%i & 127)
///                                    %q = requantize %y, @scale, @u
///
/// The result is computed for each of the 65,536 integers when the program is made, and compared with
/// that of the ops: it differs by a step of the result at most, or by two where even 4097 values do not
/// give that. Else the ops stay.
enum IntegerInterpolation {
  /// The binary places of the table.
  private static let places = 12
  /// Values beyond this many steps are as good as this many: the result saturates.
  private static let limit = 0x1p17

  static func rewrite(
    _ op: OpRef<Quantize>, _ form: RequantizeForm, _ rw: inout Rewriter
  ) throws(Declined) {
    let grid = try ScaledIntegers(of: op, rw)
    try grid.requireOneScale("the result", rw)
    try rw.require(grid.element.bitCount <= 16, "the result is too wide")
    let cone = try FunctionCone(of: op, bits: 16, rw)
    let element = rw.graph.type(of: cone.source).element
    try rw.require(element.bitCount == 16, "the operand has not 16 bits")
    let (numbers, integers) = try cone.evaluated(rw)
    // In the order of the integers: `gather` counts the negative ones from the end.
    let isSigned = element == .i16
    func ordered(_ values: [Double]) -> [Double] {
      isSigned ? Array(values[32768...] + values[..<32768]) : values
    }
    let exact = ordered(numbers.doubles()).map { x in
      let steps = x / grid.scales[0]
      return steps.isNaN ? steps : min(max(steps, -limit), limit)
    }
    try rw.require(!exact.contains(where: \.isNaN), "the function is no number somewhere")
    let lines = try Lines(through: exact, results: ordered(integers.doubles()), grid, rw)

    let location = cone.location(rw)
    func make(
      _ definition: any OpDefinition, _ a: ValueID, _ b: ValueID, rw: inout Rewriter
    ) throws(Declined) -> ValueID {
      try rw.make(definition, [a, b], location: location)
    }
    func constant(_ value: Int, _ rw: inout Rewriter) -> ValueID {
      rw.addConstant(Tensor(scalar: Double(value), .i32))
    }
    var x = try rw.make(Cast(to: .i32), [cone.source], location: location)
    if isSigned { x = try make(Binary(.add), x, constant(32768, &rw), rw: &rw) }
    let line = try make(Binary(.shiftRight), x, constant(lines.shift, &rw), rw: &rw)
    let along = try make(Binary(.bitAnd), x, constant(1 << lines.shift - 1, &rw), rw: &rw)
    let values = rw.addConstant(Tensor(.i32, vector: lines.values), name: "values")
    let slopes = rw.addConstant(Tensor(.i32, vector: lines.slopes), name: "slopes")
    let start = try make(Gather(axis: 0), values, line, rw: &rw)
    let slope = try make(Gather(axis: 0), slopes, line, rw: &rw)
    let rise = try make(Binary(.mul), slope, along, rw: &rw)
    let sum = try make(Binary(.add), start, rise, rw: &rw)
    let result = try rw.requantize(
      sum, scales: [1 / Double(1 << places)], to: grid, form, location: location)
    rw.replace(rw.graph.result(op), byNamed: result)
  }

  /// Lines between values of a function.
  private struct Lines {
    /// The binary logarithm of how many integers a line is long.
    let shift: Int
    let values: [Int]
    let slopes: [Int]

    /// The fewest lines that come close enough.
    ///
    /// - Parameters:
    ///   - exact: the function at each integer, in steps of the result.
    ///   - results: what it is rounded to.
    init(
      through exact: [Double], results: [Double], _ grid: ScaledIntegers,
      _ rw: borrowing Rewriter
    ) throws(Declined) {
      var last: (lines: Lines, error: Double)?
      for shift in [7, 6, 5, 4] {
        let lines = Lines(through: exact, shift)
        let error = lines.error(results, grid)
        last = (lines, error)
        if error <= 1 { break }
      }
      guard let last, last.error <= 2 else {
        throw Declined("4097 values of the function are too few for lines between them")
      }
      self = last.lines
    }

    private init(through exact: [Double], _ shift: Int) {
      self.shift = shift
      let length = 1 << shift
      let unit = Double(1 << places)
      let starts = stride(from: 0, to: exact.count, by: length)
      values = starts.map { Int((exact[$0] * unit).rounded()) }
      slopes = starts.map { start in
        // The last line ends at the last integer, the others where the next one begins.
        let end = min(start + length, exact.count - 1)
        return Int(((exact[end] - exact[start]) * unit / Double(end - start)).rounded())
      }
    }

    /// The largest difference to what it should be, however the result is rounded: sums become f32 in
    /// one form of `requantize`, and stay exact in the other.
    func error(_ results: [Double], _ grid: ScaledIntegers) -> Double {
      let limits = grid.element.integerRange ?? 0...0
      let (low, high) = (Double(limits.lowerBound), Double(limits.upperBound))
      var error = 0.0
      for (x, result) in results.enumerated() {
        let line = x >> shift
        let sum = values[line] + slopes[line] * (x & (1 << shift - 1))
        for number in [Double(sum), Double(Float(sum))] {
          let y = number / Double(1 << places) + Double(grid.zeroPoints[0])
          for rounded in [(y - 0.5).rounded(.up), (y + 0.5).rounded(.down)] {
            error = max(error, abs(min(max(rounded, low), high) - result))
          }
        }
      }
      return error
    }
  }
}

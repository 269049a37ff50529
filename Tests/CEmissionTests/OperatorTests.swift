// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors
import Testing

/// Every operator on every type, scalar and vector: emitted C against the interpreter.
@Suite(.serialized) struct OperatorTests {
  static let computed: [ElementType] = [
    .f32, .f64, .i64, .i32, .i16, .i8, .u64, .u32, .u16, .u8, .bool,
  ]

  /// Element types with lanes that fill a vector of at most 512 bits; the quick run takes the widest vectors of some types only.
  static let shapes: [(ElementType, Int)] = computed.flatMap { element -> [(ElementType, Int)] in
    if element == .bool { return [(.bool, 1), (.bool, 16)] }
    let widest = 512 / element.bitCount
    if Toolchain.isThorough { return [(element, 1), (element, 128 / element.bitCount), (element, widest)] }
    return [.f32, .i32].contains(element) ? [(element, 1), (element, widest)] : [(element, 1)]
  }

  @Test(arguments: shapes) func exactOperators(_ element: ElementType, _ lanes: Int) throws {
    var p = OperatorProgram("exact-\(element)x\(lanes)")
    let type = ValueType(element, lanes: lanes)
    func binary(_ op: BinaryOperator) {
      p.add(op.rawValue, [element, element], lanes: lanes) { .binary(op, $0[0], $0[1]) }
    }
    for op in [BinaryOperator.equal, .notEqual, .less, .lessEqual, .greater, .greaterEqual] {
      binary(op)
    }
    p.add("choose", [element, element], lanes: lanes) {
      .select(.binary(.less, $0[0], $0[1]), $0[1], $0[0])
    }
    if element != .bool {
      for op in [BinaryOperator.add, .subtract, .multiply, .minimum, .maximum] { binary(op) }
      p.add("negate", [element], lanes: lanes) { .unary(.negate, $0[0]) }
      p.add("absolute", [element], lanes: lanes) { .unary(.absolute, $0[0]) }
      p.add("constant", [element], lanes: lanes) { $0[0] + .constant(3, like: type) }
      for op in HorizontalOperator.allCases where lanes > 1 {
        p.add("across", [element], lanes: lanes) { .horizontal(op, $0[0]) }
        p.add("acrossSplat", [element], lanes: lanes) {
          .splat(.horizontal(op, $0[0]), lanes: lanes)
        }
      }
    } else {
      for op in [BinaryOperator.and, .or, .xor] { binary(op) }
      p.add("not", [element], lanes: lanes) { .unary(.logicalNot, $0[0]) }
      for op in [HorizontalOperator.minimum, .maximum] where lanes > 1 {
        p.add("across", [element], lanes: lanes) { .horizontal(op, $0[0]) }
      }
    }
    if element.isFloat {
      binary(.divide)
      for op in [UnaryOperator.floor, .ceil, .roundEven, .squareRoot, .isNaN] {
        p.add(op.rawValue, [element], lanes: lanes) { .unary(op, $0[0]) }
      }
    }
    if element.isInteger {
      for op in [BinaryOperator.and, .or, .xor] { binary(op) }
      p.add("complement", [element], lanes: lanes) { .unary(.bitwiseNot, $0[0]) }
      for op in [BinaryOperator.divide, .modulo] {
        p.add(op.rawValue, [element, element], lanes: lanes) {
          let one = Expression.constant(1, like: type)
          let isZero = Expression.binary(.equal, $0[1], .constant(0, like: type))
          return .binary(op, $0[0], .select(isZero, one, $0[1]))
        }
        p.add(op.rawValue + "By7", [element], lanes: lanes) {
          .binary(op, $0[0], .constant(7, like: type))
        }
      }
      for op in [BinaryOperator.shiftLeft, .shiftRight] {
        p.add(op.rawValue, [element, element], lanes: lanes) {
          let width = Expression.integer(Int64(element.bitCount - 1), type)
          return .binary(op, $0[0], .binary(.and, $0[1], width))
        }
      }
      p.add("power", [element, element], lanes: lanes) { .binary(.power, $0[0], $0[1]) }
      if element == .u32 || element == .u64 {
        p.add("bits", [element], lanes: lanes) { .primitive(.populationCount, [$0[0]]) }
      }
    }
    let (program, ports) = p.finish()
    try check(program, ports: ports)
  }

  @Test(arguments: [(ElementType.f32, 1), (.f32, 4), (.f32, 16), (.f64, 1), (.f64, 8)])
  func approximateOperators(_ element: ElementType, _ lanes: Int) throws {
    var p = OperatorProgram("approximate-\(element)x\(lanes)")
    let functions: [UnaryOperator] = [
      .exp, .log, .sin, .cos, .tan, .asin, .acos, .atan, .sinh, .cosh, .tanh, .asinh, .acosh,
      .atanh, .erf,
    ]
    let type = ValueType(element, lanes: lanes)
    // Arguments that a float holds without loss of the function's slope.
    func tame(_ x: Expression) -> Expression {
      .binary(
        .maximum, .binary(.minimum, x, .constant(3, like: type)), .constant(-3, like: type))
    }
    for op in functions {
      p.add(op.rawValue, [element], lanes: lanes) { .unary(op, tame($0[0])) }
    }
    p.add("power", [element, element], lanes: lanes) {
      .binary(.power, .unary(.absolute, tame($0[0])), tame($0[1]))
    }
    p.add("modulo", [element, element], lanes: lanes) { .binary(.modulo, $0[0], $0[1]) }
    p.add("fused", [element, element], lanes: lanes) {
      .primitive(.multiplyAdd, [tame($0[0]), tame($0[1]), tame($0[0])])
    }
    let (program, ports) = p.finish()
    try check(program, ports: ports, relative: element == .f32 ? 2e-6 : 1e-14)
  }

  @Test(arguments: Toolchain.isThorough ? [1, 8, 16] : [1]) func conversions(_ lanes: Int) throws {
    for from in Self.computed {
      var p = OperatorProgram("convert-\(from)x\(lanes)")
      for to in Self.computed where to != from {
        for mode in ConversionMode.allCases {
          p.add("to_\(to)", [from], lanes: lanes) { .convert($0[0], to: to, mode) }
        }
      }
      let (program, ports) = p.finish()
      try check(program, ports: ports)
    }
  }

  @Test(arguments: Toolchain.isThorough ? [1, 8, 64] : [8]) func storage(_ lanes: Int) throws {
    var p = OperatorProgram("storage-x\(lanes)")
    for element in ElementType.allCases where element.bitCount * lanes <= 512 {
      p.add("copy_\(element)", [element], lanes: lanes, stored: element) { $0[0] }
      if element.computed != element {
        p.add("widen_\(element)", [element], lanes: lanes) { $0[0] }
        if element.computed.bitCount * lanes <= 2048 {
          p.add("narrow_\(element)", [element.computed], lanes: lanes, stored: element) { $0[0] }
        }
      }
    }
    let (program, ports) = p.finish()
    try check(program, ports: ports)
  }

  @Test(arguments: Toolchain.isThorough ? [1, 4, 8, 16] : [1, 16]) func dotProducts(_ lanes: Int) throws {
    var p = OperatorProgram("dots-x\(lanes)")
    for a in [ElementType.i8, .u8] {
      for b in [ElementType.i8, .u8] {
        p.add(
          "dot4", [a, b, .i32], lanes: lanes, loaded: [4 * lanes, 4 * lanes, lanes]
        ) { .primitive(.dot4, $0) }
      }
    }
    for element in [ElementType.i8, .u8] {
      for half in [Primitive.addEven, .addOdd] {
        p.add("half", [element, .i16], lanes: lanes, loaded: [4 * lanes, 2 * lanes]) {
          .primitive(half, $0)
        }
        p.add("half", [element], lanes: lanes, loaded: [4 * lanes]) {
          .primitive(half, [$0[0], .integer(0, ValueType(.i16, lanes: 2 * lanes))])
        }
      }
      p.add("repeat", [element, element], lanes: lanes, loaded: [4, 4 * lanes]) {
        .splat($0[0], lanes: 4 * lanes) + $0[1]
      }
    }
    for element in [ElementType.i8, .u8, .i16] where lanes > 1 {
      p.add("across", [element, element, .i32], lanes: 1, loaded: [lanes, lanes, 1]) {
        .primitive(.dotAcross, $0)
      }
    }
    p.add("dot2", [.i16, .i16, .i32], lanes: lanes, loaded: [2 * lanes, 2 * lanes, lanes]) {
      .primitive(.dot2, $0)
    }
    let (program, ports) = p.finish()
    try check(program, ports: ports)
  }
}

// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors

/// Programs of many small kernels, each of which computes one expression over arrays.
struct OperatorProgram {
  /// The elements of each array.
  static let count = 128
  private(set) var program: Program
  private(set) var ports: [Tensor?] = []
  private var inputs: [(element: ElementType, buffer: Int)] = []
  private var kernels: [(kernel: Kernel, arguments: [Int], result: ElementType)] = []

  init(_ name: String) { program = Program(name: name) }

  /// Adds a kernel that computes `make` of lanes loaded from arrays of the element types (the first of each
  /// type is another array than the second) and stores it as elements of type `stored`.
  mutating func add(
    _ name: String, _ elements: [ElementType], lanes: Int, loaded: [Int]? = nil,
    stored: ElementType? = nil, _ make: ([Expression]) -> Expression
  ) {
    var k = KernelBuilder(name)
    var arguments: [Int] = []
    var parameters: [KernelBuilder.BufferParameter] = []
    for (i, element) in elements.enumerated() {
      let ordinal = elements[..<i].filter { $0 == element }.count
      arguments.append(input(element, ordinal))
      parameters.append(k.parameter("x\(i)", element))
    }
    let widths = loaded ?? elements.map { _ in lanes }
    let sample = make(zip(parameters, widths).map { k.load($0, 0, lanes: $1) })
    let result = stored ?? sample.type.element
    let y = k.parameter("y", result, isWritten: true)
    let step = sample.type.lanes
    k.loop("i", 0..<Self.count / max(widths.max() ?? 1, 1)) { k, i in
      let operands = zip(parameters, widths).map { k.load($0, i * $1, lanes: $1) }
      k.store(y, i * step, make(operands))
    }
    kernels.append((k.finish(), arguments, result))
  }

  /// The whole program: one output port for each kernel's result.
  consuming func finish() -> (Program, [Tensor?]) {
    let shape = Shape([Self.count])!
    for (kernel, arguments, result) in kernels {
      let type = TensorType(result, shape)
      let port = program.ports.count
      program.ports.append(Port(name: "out \(port)", role: .output, type: type))
      ports.append(nil)
      program.buffers.append(
        Buffer(
          name: "y", layout: .rowMajor(type), storage: .port(port), root: port, lifetime: 0...0))
      program.kernels.append(kernel)
      program.steps.append(
        Step(
          kernel: program.kernels.count - 1, arguments: arguments + [program.buffers.count - 1],
          layers: [kernel.name], multiplyAccumulates: 0))
    }
    return (program, ports)
  }

  private mutating func input(_ element: ElementType, _ ordinal: Int) -> Int {
    let known = inputs.filter { $0.element == element }
    if ordinal < known.count { return known[ordinal].buffer }
    let type = TensorType(element, Shape([Self.count])!)
    let port = program.ports.count
    program.ports.append(Port(name: "in \(port)", role: .input, type: type))
    ports.append(Self.values(type, seed: ordinal))
    program.buffers.append(
      Buffer(name: "x", layout: .rowMajor(type), storage: .port(port), root: port, lifetime: 0...0))
    inputs.append((element, program.buffers.count - 1))
    return program.buffers.count - 1
  }

  /// Numbers with all the awkward ones among them.
  static func values(_ type: TensorType, seed: Int) -> Tensor {
    var state = UInt64(seed + 1) &* 0x9E37_79B9_7F4A_7C15
    func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 11
    }
    if type.element.isFloat {
      let special: [Double] = [
        0, -0.0, 1, -1, 0.5, 1.5, 2.5, -2.5, 1e-8, 6e-8, 6e-5, 65504, 65520, 1e30, -1e30, 127.5, 128,
        -128.5, 255.5, 2_147_483_647, 2_147_483_648, -2_147_483_648, -3e9, 5e9, 9.3e18, 1.9e19,
        .infinity, -.infinity, .nan,
      ]
      return Tensor(
        type,
        rounding: (0..<type.shape.elementCount).map { i in
          if i % 2 == 0 { return special[Int(next() % UInt64(special.count))] }
          return (Double(next() % 2_000_001) / 1_000_000 - 1) * (i % 4 == 1 ? 1 : 300)
        })
    }
    let special: [Int64] = [
      0, 1, -1, 2, 3, 7, 127, 128, -128, 255, 32767, -32768, 65535, 2_147_483_647, -2_147_483_648,
      4_294_967_295, .max, .min,
    ]
    return Tensor(
      type,
      wrapping: (0..<type.shape.elementCount).map { i in
        i % 2 == 0
          ? special[Int(next() % UInt64(special.count))] : Int64(truncatingIfNeeded: next())
      })
  }
}

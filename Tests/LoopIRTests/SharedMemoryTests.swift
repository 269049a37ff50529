// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import LoopIR
import Tensors
import Testing

/// Parameters of one step that share an element of memory and may not.
@Suite struct SharedMemoryTests {
  /// Whether the verifier finds that two views of one piece of the arena share an element.
  private func sharing(_ first: BufferLayout, at firstOffset: Int, _ second: BufferLayout, at secondOffset: Int) -> Bool {
    var program = Program(name: "shared")
    program.arenaBytes = .max
    program.buffers = [(first, firstOffset), (second, secondOffset)].map { layout, offset in
      Buffer(name: "view", layout: layout, storage: .arena(offset: 4 * offset), root: 0, lifetime: 0...0)
    }
    var k = KernelBuilder("nothing")
    _ = k.parameter("x", .f32)
    _ = k.parameter("y", .f32, isWritten: true)
    program.kernels = [k.finish()]
    program.steps = [Step(kernel: 0, arguments: [0, 1], layers: [], multiplyAccumulates: 0)]
    return ProgramVerifier.verify(program).contains { $0.message.contains("share memory and may not alias") }
  }

  private func part(_ whole: [Int], _ start: [Int], _ extents: [Int]) throws -> BufferLayout {
    let layout = BufferLayout.rowMajor(TensorType(.f32, try #require(Shape(whole))))
    return layout.region(start: start, shape: try #require(Shape(extents)))
  }

  /// Boxes of boxes, against their elements counted one by one.
  @Test func smallPartsAreComparedExactly() throws {
    var state: UInt64 = 9
    func below(_ limit: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % limit
    }
    var counts = [true: 0, false: 0]
    for _ in 0..<3000 {
      let layouts = try (0..<2).map { _ in
        let whole = (0..<1 + below(3)).map { _ in 1 + below(5) }
        let start = whole.map { below($0) }
        return try part(whole, start, zip(whole, start).map { 1 + below($0 - $1) })
      }
      let offsets = [below(20), below(20)]
      func elements(_ i: Int) -> Set<Int> {
        layouts[i].axes.reduce([offsets[i]]) { found, axis in
          Set(found.flatMap { first in (0..<axis.extent).map { first + $0 * axis.stride } })
        }
      }
      let expected = !elements(0).isDisjoint(with: elements(1))
      #expect(sharing(layouts[0], at: offsets[0], layouts[1], at: offsets[1]) == expected, "\(layouts) at \(offsets)")
      counts[expected, default: 0] += 1
    }
    #expect(counts.values.allSatisfy { $0 > 300 }, "\(counts)")
  }

  /// Columns of more rows than can be gone through.
  @Test func columnsOfManyRowsAreCompared() throws {
    let rows = 1 << 30
    func columns(_ first: Int, _ count: Int) throws -> BufferLayout { try part([rows, 8], [0, first], [rows, count]) }
    #expect(try !sharing(columns(0, 4), at: 0, columns(0, 4), at: 4))
    #expect(try sharing(columns(0, 5), at: 0, columns(0, 4), at: 4))
    #expect(try !sharing(columns(0, 2), at: 2, part([rows * 2, 4], [0, 0], [rows * 2, 2]), at: 0))
    #expect(try sharing(columns(0, 2), at: 4, part([rows * 2, 4], [0, 0], [rows * 2, 2]), at: 0))
  }
}

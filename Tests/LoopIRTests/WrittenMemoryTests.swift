// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors
import Testing

/// Programs made by hand that read what nothing wrote, or whose tensors share memory.
@Suite struct WrittenMemoryTests {
  private static func type(_ count: Int) throws -> TensorType { TensorType(.f32, try #require(Shape([count]))) }

  private func buffer(_ count: Int, at element: Int, root: Int, _ lifetime: ClosedRange<Int>) throws -> Buffer {
    Buffer(
      name: "t\(root)", layout: .rowMajor(try Self.type(count)), storage: .arena(offset: 4 * element), root: root,
      lifetime: lifetime)
  }

  /// A kernel that sets elements of its one parameter.
  private func filling(_ range: Range<Int>) -> Kernel {
    var k = KernelBuilder("fill")
    let y = k.parameter("y", .f32, isWritten: true)
    k.loop("i", range) { k, i in k.store(y, i, .float(1, ValueType(.f32))) }
    return k.finish()
  }

  private func findings(
    _ kernels: [Kernel], _ buffers: [Buffer], _ steps: [(kernel: Int, arguments: [Int])], arena: Int
  ) -> [String] {
    var program = Program(name: "written")
    program.arenaBytes = 4 * arena
    program.kernels = kernels
    program.buffers = buffers
    program.steps = steps.map { Step(kernel: $0.kernel, arguments: $0.arguments, layers: [], multiplyAccumulates: 0) }
    return ProgramVerifier.verify(program).map(\.message)
  }

  /// The same index in fewer loops reaches further.
  @Test(arguments: [0, 1]) func readsAfterNarrowerOnes(_ first: Int) throws {
    var k = KernelBuilder("read")
    let x = k.parameter("x", .f32)
    let y = k.parameter("y", .f32, isWritten: true)
    k.loop("i", 0..<8) { k, i in
      k.loop("j", from: Bound(0), to: Bound(i), within: 0..<8) { k, j in k.store(y, i, k.load(x, i)) }
      k.store(y, i, k.load(x, i))
    }
    let buffers = [try buffer(8, at: 0, root: 0, 0...1), try buffer(8, at: 8, root: 1, 1...1)]
    let found = findings([filling(first..<8), k.finish()], buffers, [(0, [0]), (1, [0, 1])], arena: 16)
    #expect(found.count == first, "\(found)")
    #expect(found.allSatisfy { $0.contains("is read at element 0, which nothing wrote") }, "\(found)")
  }

  /// A part that is written after another view was read does not count before.
  @Test(arguments: [false, true]) func readsThroughAnotherView(_ isWrong: Bool) throws {
    var k = KernelBuilder("views")
    let x = k.parameter("x", .f32, mayAlias: true)
    let y = k.parameter("y", .f32, isWritten: true, mayAlias: true)
    k.loop("i", 0..<4) { k, i in k.store(y, i, .float(1, ValueType(.f32))) }
    k.loop("i", 0..<4) { k, i in k.store(y, i, k.load(x, i + (isWrong ? 4 : 0))) }
    k.loop("i", 4..<8) { k, i in k.store(y, i, .float(1, ValueType(.f32))) }
    let whole = try buffer(8, at: 0, root: 0, 0...0)
    let found = findings([k.finish()], [whole, whole], [(0, [0, 1])], arena: 8)
    #expect(found.count == (isWrong ? 1 : 0), "\(found)")
  }

  /// What lives how long is told by the steps, whatever buffers say.
  @Test(arguments: [1...2, 0...3]) func lifetimesAreThoseOfTheSteps(_ told: ClosedRange<Int>) throws {
    var k = KernelBuilder("copy")
    let x = k.parameter("x", .f32)
    let y = k.parameter("y", .f32, isWritten: true)
    k.loop("i", 0..<8) { k, i in k.store(y, i, k.load(x, i)) }
    let buffers = [
      try buffer(8, at: 0, root: 0, 3...3), try buffer(8, at: 0, root: 1, told), try buffer(8, at: 8, root: 2, 3...3),
    ]
    let found = findings([filling(0..<8), k.finish()], buffers, [(0, [0]), (0, [1]), (1, [1, 2]), (1, [0, 2])], arena: 16)
    #expect(found.contains { $0.contains("are in use at once and share memory") }, "\(found)")
  }
}

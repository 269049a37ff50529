// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import LoopIR
import Tensors
import Testing

@Suite struct BufferLayoutTests {
  /// Extents, halos and blocks that multiply beyond 64 bits have no strides, and nothing traps.
  @Test func tooLargeIsTold() throws {
    let shape = try #require(Shape([1, 8192, 1, 1]))
    let border = BufferLayout.Halo(before: 1 << 24, after: 1 << 24)
    let wide = BufferLayout.blocked(
      TensorType(.f64, shape), dimension: 1, factor: 16, halo: [.none, .none, border, border])
    #expect(wide.isTooLarge)
    #expect(wide.byteCount > 0)
    #expect(wide.at([0, 5, 0, 0]).constantValue == 0)
    #expect(wide.atOrigin.isTooLarge)
    let plain = BufferLayout.rowMajor(TensorType(.f64, shape), halo: [.none, .none, border, .none])
    #expect(!plain.isTooLarge)
    #expect(plain.elementCount == 8192 * ((1 << 25) + 1))
  }

  @Test func borders() throws {
    let shape = try #require(Shape([1, 2, 4, 4]))
    let one = BufferLayout.Halo(before: 1, after: 1)
    #expect(BufferLayout.Halo.elements(of: [.none, .none, one, one], around: shape).value == 40)
    let huge = BufferLayout.Halo(before: 1 << 40, after: 0)
    #expect(BufferLayout.Halo.elements(of: [.none, .none, huge, huge], around: shape).value == nil)
  }
}

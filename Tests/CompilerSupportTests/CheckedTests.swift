// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Testing

@Suite struct CheckedTests {
  @Test func numbersThatFit() {
    #expect((Checked(3) * 4 + 5 - 1).value == 16)
    #expect((Checked(-7) / 2).value == -3)
    #expect(Checked.product([2, 3, 4]).value == 24)
    #expect(Checked.sum([2, 3, 4]).value == 9)
    #expect(Checked(UInt64(5)).value == 5)
  }

  @Test func numbersThatDoNot() {
    #expect((Checked(.max) + 1).value == nil)
    #expect((Checked(.min) - 1).value == nil)
    #expect((Checked(1 << 40) * Checked(1 << 40)).value == nil)
    #expect((Checked(1) / 0).value == nil)
    #expect((Checked(.min) / -1).value == nil)
    #expect(Checked(UInt64.max).value == nil)
    // What had no value once does not get one again.
    #expect(((Checked(.max) + 1) * 0).value == nil)
  }

  @Test func sizes() {
    #expect(Checked(7).size(upTo: 7) == 7)
    #expect(Checked(8).size(upTo: 7) == nil)
    #expect(Checked(-1).size() == nil)
  }
}

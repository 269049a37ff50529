// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Lowering
import Testing

/// The op that a lowering computes.
private func opName<Computed: OpLowering>(of lowering: Computed) -> String { Computed.Op.name }

@Test func everyOpHasALowering() {
  let names = Set(LoweringTable.standard.lowerings.map { opName(of: $0) })
  for kind in OpSet.standard.kinds { #expect(names.contains(kind.name), "\(kind.name)") }
}

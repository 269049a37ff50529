// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import LoopIR
import Targets
import Tensors

extension LoweringContext {
  /// Memory of the caller.
  mutating func portView(_ position: Int, _ layout: BufferLayout, name: String) -> TensorView {
    roots.append(Root(name: name, kind: .port(position), byteCount: layout.byteCount))
    return TensorView(root: roots.count - 1, layout: layout)
  }

  /// Fills the border of a result, in front of the steps that compute it. A part of a concat has the border of the whole, and its
  /// readers do not wait for the other parts.
  mutating func fillHalo(of value: ValueID) { fillHalo(of: self.view(of: value)) }

  /// Brings the values of output ports that lie elsewhere to their place.
  mutating func copyOutputs() {
    beginOutputs()
    for (port, view) in zip(graph.outputs, outputViews) {
      let source = self.view(of: port.value)
      if source != view { move(source, to: view) }
    }
  }

  /// The program: steps in the order that keeps the arena small, buffers at their places.
  ///
  /// - Throws: if the arena would be larger than can be addressed.
  func finish(name: String) throws(Failure) -> Program {
    var program = Program(name: name)
    program.ports = graph.inputs.map {
      LoopIR.Port(
        name: $0.name, role: LoopIR.PortRole($0.role), type: graph.type(of: $0.value))
    }
    program.ports += graph.outputs.map {
      LoopIR.Port(name: $0.name, role: .output, type: graph.type(of: $0.value))
    }
    let plan = try ArenaPlan(roots: roots, steps: steps, alignment: arenaAlignment)
    program.arenaBytes = plan.bytes
    program.arenaLowerBound = plan.lowerBound
    program.arenaAlignment = arenaAlignment
    var assembly = ProgramAssembly(program, roots: roots, constants: constantBytes)
    for step in plan.order { assembly.append(steps[step], offsets: plan.offsets) }
    return assembly.program
  }

  /// What the start of each buffer is aligned to: the widest vector, or the widest number.
  private var arenaAlignment: Int { max(target.floatVectorBits / 8, 8) }
}

extension LoopIR.PortRole {
  /// The role of a port of a graph.
  init(_ role: GraphIR.PortRole) {
    switch role {
    case .input: self = .input
    case .state: self = .state
    case .parameter: self = .parameter
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import LoopInterpreter
import LoopIR
import Lowering
import Tensors
import Testing

/// What finds a fault.
private enum Finder: String { case verifier, interpreter, nobody }

/// Programs with faults that were put there on purpose. Faults that leave a tensor's elements, or read what nothing wrote, are the
/// verifier's to find; for the others the interpreter's results differ. What changes nothing stands in `MutantsWithoutEffect` with its reason.
@Suite struct MutationTests {
  /// Mutants of a kind in a lowering; more say little new.
  private static let limit = 3

  @Test func faultsAreFound() throws {
    var counts: [MutantKind: [Finder: Int]] = [:]
    var made: [String: Int] = [:]
    var lowerings: Set<String> = []
    var withoutEffect: [String: [String]] = [:]
    var missed: [String] = []
    for (sample, targets) in MutationSamples.all {
      for target in targets {
        let (graph, inputs) = try sample.graph()
        let program = try sample.lower(graph, for: target).program
        let ports = inputs.map(Optional.some) + graph.outputs.map { _ in nil }
        let expected = try LoopInterpreter.run(program, ports: ports)
        var random = TestNumbers(sample.name.utf8.reduce(target.utf8.count) { $0 &* 31 &+ Int($1) })
        for mutant in Self.mutants(of: program, &random) {
          let lowering = Self.lowering(of: mutant, in: program)
          guard made["\(mutant.kind) in \(lowering)", default: 0] < Self.limit else { continue }
          made["\(mutant.kind) in \(lowering)", default: 0] += 1
          let (finder, fault) = Self.finder(of: mutant, ports, expected)
          counts[mutant.kind, default: [:]][finder, default: 0] += 1
          if finder != .nobody { lowerings.insert(lowering) }
          let text = "\(mutant.kind) in \(lowering)"
          if finder == .nobody {
            withoutEffect[text, default: []].append("\(mutant.place) (\(sample.name), \(target))")
          }
          if let fault { missed.append("\(text) (\(sample.name), \(target)): \(fault)") }
        }
      }
    }
    let total = counts.values.flatMap(\.values).reduce(0, +)
    for kind in MutantKind.allCases {
      let found = counts[kind] ?? [:]
      print(
        "mutants \(kind): verifier \(found[.verifier] ?? 0), interpreter \(found[.interpreter] ?? 0), "
          + "without effect \(found[.nobody] ?? 0)")
      #expect(!found.isEmpty, "\(kind) applies nowhere")
    }
    print("mutants: \(total)")
    #expect(total >= 300)
    #expect(missed.isEmpty, "\(missed.count) left their memory unseen: \(missed.prefix(10).joined(separator: "\n"))")
    for lowering in LoweringTable.standard.lowerings.map(\.name) where lowering != "reshape" {
      #expect(lowerings.contains(lowering), "no fault in \(lowering)")
    }
    for (text, places) in withoutEffect.sorted(by: { $0.key < $1.key }) {
      let known = MutantsWithoutEffect.places(for: text)
      #expect(
        places == known,
        "\(text) changes nothing at \(places), with a known reason at \(known)")
    }
    for text in MutantsWithoutEffect.all where withoutEffect[text] == nil {
      Issue.record("\(text) has an effect now")
    }
  }

  private static func lowering(of mutant: Mutant, in program: Program) -> String {
    let step = program.steps[mutant.step]
    return step.lowering.isEmpty ? "outputs" : step.lowering
  }

  /// Each kind at a random place of each step's kernel (of equal kernels the first).
  private static func mutants(of program: Program, _ random: inout TestNumbers) -> [Mutant] {
    var mutants: [Mutant] = []
    var seen: Set<Int> = []
    for (step, call) in program.steps.enumerated() {
      for kind in MutantKind.allCases {
        if let mutant = Mutant(kind, step: step, of: program) { mutants.append(mutant) }
      }
      guard seen.insert(call.kernel).inserted else { continue }
      for kind in MutantKind.allCases {
        let count = Mutant.sites(kind, in: program.kernels[call.kernel])
        guard count > 0 else { continue }
        let site = Int(random.integer().magnitude % UInt64(count))
        mutants.append(Mutant(kind, site: site, in: step, of: program))
      }
    }
    return mutants
  }

  /// Who finds a mutant, and what the verifier should have seen but did not.
  private static func finder(
    of mutant: Mutant, _ ports: [Tensor?], _ expected: [Tensor]
  ) -> (Finder, missed: String?) {
    if !ProgramVerifier.verify(mutant.program).isEmpty { return (.verifier, nil) }
    do {
      let found = try LoopInterpreter.run(mutant.program, ports: ports)
      let isSame = zip(found, expected).allSatisfy { a, b in
        a.bytes.withUnsafeBytes { x in b.bytes.withUnsafeBytes { y in x.elementsEqual(y) } }
      }
      return (isSame ? .nobody : .interpreter, nil)
    } catch {
      return (.interpreter, "\(error)")
    }
  }
}

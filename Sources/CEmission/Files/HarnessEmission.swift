// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import LoopIR

/// The function by which a host program that loads emitted code calls it, whatever its ports are.
public enum HarnessEmission {
  /// `name_call.c`: `int name_call(void *const *ports, void *arena)` calls `name_run` with the ports'
  /// memory in the order of `Program.ports`. With weights in a `.bin` file it takes a pointer to them as
  /// a third parameter.
  public static func emit(
    _ program: Program, _ options: EmissionOptions
  ) throws(Failure) -> EmittedFile {
    let plan = try EmissionPlan(program, options)
    var parameters = [
      CVariable(type: .named("void *const *"), name: "ports"),
      CVariable(type: .pointer(.void), name: "arena"),
    ]
    var arguments = plan.portOrder.map {
      CExpr.cast(plan.portType($0), .subscripted(.name("ports"), [.integer($0)]))
    }
    if plan.weights == .bin {
      parameters.append(CVariable(type: .constPointer(.void), name: "weights"))
      arguments.append(.name("weights"))
    }
    arguments.append(.name("arena"))
    var call = CFunction(
      result: .int, name: plan.name + "_call", parameters: parameters, body: nil)
    var file = CFile()
    file.items = [
      .comment(plan.banner), .blank, .header(plan.name + ".h"), .blank, .function(call), .blank,
    ]
    var body: [CStmt] = []
    if plan.portOrder.isEmpty { body.append(.evaluate(.cast(.void, .name("ports")))) }
    body.append(.giveBack(.call(plan.name + "_run", arguments)))
    call.body = body
    file.items.append(.function(call))
    return EmittedFile(name: plan.name + "_call.c", contents: file.printed())
  }
}

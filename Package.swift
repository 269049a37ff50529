// swift-tools-version: 6.1
import PackageDescription

/// Every room is built with the same strictness: imports are internal unless said otherwise, and a
/// member is visible only if its module is imported in that file.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// A room of `Sources/`, with the rooms it may import (docs/architecture.md has the table); `texts` are files whose bytes
/// become part of the product.
func room(_ name: String, _ imports: String..., texts: [String] = []) -> Target {
  .target(
    name: name, dependencies: imports.map { .target(name: $0) }, path: "Sources/\(name)",
    resources: texts.map { .embedInCode($0) }, swiftSettings: strict)
}

/// The tests of a room; `imports` are the rooms they use beside it.
func tests(_ name: String, _ imports: String...) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: ([name] + imports).map { .target(name: $0) },
    path: "Tests/\(name)Tests", swiftSettings: strict)
}

let package = Package(
  name: "fettle",
  products: [
    .library(name: "Fettle", targets: ["Fettle"]),
    .executable(name: "fettle", targets: ["FettleTool"]),
  ],
  dependencies: [],
  targets: [
    room("CompilerSupport"),
    room("Tensors", "CompilerSupport"),
    room("Targets", "CompilerSupport"),
    room("GraphIR", "CompilerSupport", "Tensors"),
    room("Rewriting", "CompilerSupport", "Tensors", "GraphIR"),
    room("Rules", "CompilerSupport", "Tensors", "GraphIR", "Rewriting"),
    room("ONNX", "CompilerSupport", "Tensors", "GraphIR"),
    room("Evaluation", "CompilerSupport", "Tensors", "GraphIR", "Rewriting"),
    room("LoopIR", "CompilerSupport", "Tensors"),
    room("Lowering", "CompilerSupport", "Tensors", "Targets", "GraphIR", "LoopIR"),
    room("CEmission", "CompilerSupport", "Tensors", "Targets", "LoopIR"),
    room(
      "Execution", "CompilerSupport", "Tensors", "Targets", "GraphIR", "Rewriting", "LoopIR",
      "Lowering", "CEmission"),
    room(
      "Passes", "CompilerSupport", "Tensors", "Targets", "GraphIR", "Rewriting", "Rules",
      "Evaluation", texts: ["Canonicalization/Canonical.rules"]),
    room("Checking", "CompilerSupport"),
    room(
      "Fettle", "CompilerSupport", "Tensors", "Targets", "GraphIR", "Rewriting",
      "Rules", "ONNX", "Evaluation", "LoopIR", "Lowering", "CEmission", "Execution", "Passes", "Checking"),
    .executableTarget(
      name: "FettleTool", dependencies: ["CompilerSupport", "Fettle"], path: "Sources/FettleTool",
      swiftSettings: strict,
      linkerSettings: [
        .unsafeFlags(["-Xlinker", "--export-dynamic"], .when(platforms: [.linux]))
      ]),
    tests("CompilerSupport"),
    tests("Tensors", "CompilerSupport"),
    tests("Targets", "CompilerSupport"),
    tests("Checking", "CompilerSupport"),
    tests("GraphIR", "CompilerSupport", "Tensors"),
    tests("ONNX", "CompilerSupport", "Tensors", "GraphIR"),
    .target(
      name: "LoopInterpreter", dependencies: ["CompilerSupport", "Tensors", "LoopIR"],
      path: "Tests/LoopInterpreter", swiftSettings: strict),
    tests("Evaluation", "CompilerSupport", "Tensors", "GraphIR", "Rewriting"),
    tests(
      "Lowering", "CompilerSupport", "Tensors", "Targets", "GraphIR", "Rewriting", "LoopIR",
      "Evaluation", "LoopInterpreter"),
    tests("Rewriting", "CompilerSupport", "Tensors", "GraphIR"),
    tests("Rules", "CompilerSupport", "Tensors", "GraphIR", "Rewriting", "Passes"),
    tests(
      "Passes", "CompilerSupport", "Tensors", "GraphIR", "Rewriting", "Evaluation", "Checking"),
    tests("Fettle", "CompilerSupport", "Checking", "GraphIR", "Rewriting", "Tensors"),
    tests("LoopIR", "CompilerSupport", "Tensors", "LoopInterpreter"),
    tests("CEmission", "CompilerSupport", "Tensors", "Targets", "LoopIR", "LoopInterpreter"),
  ],
  swiftLanguageModes: [.v6]
)

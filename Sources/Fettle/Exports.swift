// SPDX-License-Identifier: Apache-2.0

// What passes, ops, lowerings and drivers of one's own are written with: `import Fettle` is enough.
@_exported public import CompilerSupport
@_exported public import Evaluation
@_exported public import GraphIR
@_exported public import LoopIR
@_exported public import Lowering
@_exported public import Passes
@_exported public import Rewriting
@_exported public import Rules
@_exported public import Targets
@_exported public import Tensors

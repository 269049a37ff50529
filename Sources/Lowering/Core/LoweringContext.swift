// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import LoopIR
public import Targets
import Tensors

/// What a lowering works with: the graph, the tensors in memory, and the steps made so far.
public struct LoweringContext {
  /// The graph that is lowered; it does not change.
  public let graph: Graph
  /// The device.
  public let target: Target
  /// The elementwise ops that the present lowering computes together with its op.
  public private(set) var tail: [OpID] = []
  /// The layers of the present group, for reports.
  private var layers: [String] = []
  /// The lowering of the present group.
  private var lowering = ""
  private var multiplyAccumulates = 0

  var roots: [Root] = []
  /// The first layout that no memory can hold, if a lowering asked for one.
  private(set) var tooLarge: BufferLayout?
  var views: [ValueID: TensorView] = [:]
  /// The layouts of values that get a place only when they are lowered.
  var wishedLayouts: [ValueID: BufferLayout] = [:]
  /// The number that readers wish in the border of a value, where it is not 0.
  var wishedBorders: [ValueID: Int64] = [:]
  /// The number in the border of each root that has one other than 0.
  private var borders: [Int: Int64] = [:]
  var constantBytes: [Int: Bytes] = [:]
  var steps: [PendingStep] = []
  /// The output ports' memory.
  var outputViews: [TensorView] = []
  private var constantRoots: [PackedKey: TensorView] = [:]

  init(graph: Graph, target: Target) {
    self.graph = graph
    self.target = target
  }

  // MARK: Tensors

  /// The tensor of a value. Constants are laid out row-major, as they are; pack them with `packed`
  /// for another order.
  public mutating func view(of value: ValueID) -> TensorView {
    if let view = views[value] { return view }
    if let tensor = graph.tensor(value) {
      let view = constant(
        .rowMajor(tensor.type), tensor.bytes, name: graph.name(of: value), source: value)
      views[value] = view
      return view
    }
    let layout = wishedLayouts[value] ?? .rowMajor(graph.type(of: value))
    let view = scratch(layout, name: graph.name(of: value), border: wishedBorders[value] ?? 0)
    views[value] = view
    return view
  }

  /// The number in the border of a tensor.
  func border(of view: TensorView) -> Int64 { borders[view.root] ?? 0 }

  /// Says where a value lies: in memory of another one. Only for results of the present group.
  public mutating func setView(of value: ValueID, to view: TensorView) { views[value] = view }

  /// Whether a value's place was decided before its lowering (an output, a part of a concat).
  public func hasView(_ value: ValueID) -> Bool { views[value] != nil }

  /// Memory that is free again when the last step that reads it is done; `border` is what its halo will hold.
  public mutating func scratch(
    _ layout: BufferLayout, name: String, border: Int64 = 0
  ) -> TensorView {
    if layout.isTooLarge, tooLarge == nil { tooLarge = layout }
    roots.append(Root(name: name, kind: .arena, byteCount: layout.byteCount))
    if border != 0 { borders[roots.count - 1] = border }
    return TensorView(root: roots.count - 1, layout: layout)
  }

  /// Read-only data in a layout. Data with the same bytes, layout and name is stored once if
  /// `source` says that it comes from the same value.
  public mutating func constant(
    _ layout: BufferLayout, _ bytes: Bytes, name: String, source: ValueID? = nil
  ) -> TensorView {
    let key = source.map { PackedKey(source: $0, layout: layout, form: "") }
    if let key, let known = constantRoots[key] { return known }
    let root = Root(name: name, kind: .constant, byteCount: layout.byteCount)
    roots.append(root)
    let view = TensorView(root: roots.count - 1, layout: layout)
    constantBytes[view.root] = bytes
    if let key { constantRoots[key] = view }
    return view
  }

  /// A constant value in another layout, packed at compile time; what the layout has beyond the
  /// tensor is 0.
  public mutating func packed(_ value: ValueID, as layout: BufferLayout) -> TensorView? {
    guard let tensor = graph.tensor(value) else { return nil }
    let key = PackedKey(source: value, layout: layout, form: "")
    if let known = constantRoots[key] { return known }
    let view = constant(
      layout, Packing.pack(tensor, as: layout), name: graph.name(of: value), source: value)
    return view
  }

  /// The tensor copied to another layout (a step) with a number in its border, or itself if it lies so already.
  public mutating func relayout(
    _ view: TensorView, to layout: BufferLayout, border: Int64 = 0
  ) -> TensorView {
    let hasBorder = layout.halo.contains { $0 != .none }
    if view.layout.atOrigin == layout.atOrigin, !hasBorder || self.border(of: view) == border {
      return view
    }
    let copy = scratch(layout, name: roots[view.root].name, border: border)
    guard !layout.isTooLarge else { return copy }
    fillHalo(of: copy)
    move(view, to: copy)
    return copy
  }

  // MARK: Steps

  /// Adds a call of a kernel; `tensors` are all its parameters, in any order.
  public mutating func add(_ kernel: consuming KernelBuilder, _ tensors: [TensorParameter]) {
    let arguments = tensors.sorted { $0.buffer.position < $1.buffer.position }
    steps.append(
      PendingStep(
        kernel: kernel.finish(), arguments: arguments.map(\.view), layers: layers, lowering: lowering,
        multiplyAccumulates: multiplyAccumulates))
    multiplyAccumulates = 0
  }

  /// Starts the steps that belong to no layer.
  mutating func beginOutputs() {
    tail = []
    layers = []
    lowering = ""
    multiplyAccumulates = 0
  }

  mutating func begin(_ group: FusionGroup) {
    tail = group.tail
    lowering = group.lowering.name
    let ops = [group.anchor] + group.tail
    layers = ops.reduce(Location()) { $0.joined(with: graph.location(of: $1)) }.layers
    multiplyAccumulates = ops.reduce(0) { $0 + graph.multiplyAccumulates(of: $1) }
  }

  /// The result of the present group: of the last op of the tail, or of the op itself.
  public mutating func result<Op: OpDefinition>(of op: OpRef<Op>) -> TensorView {
    view(of: graph.results(of: tail.last ?? op.id)[0])
  }
}

/// A call of a kernel before the buffers have places.
struct PendingStep {
  let kernel: Kernel
  let arguments: [TensorView]
  let layers: [String]
  let lowering: String
  let multiplyAccumulates: Int
}

/// What a packed constant was made from.
struct PackedKey: Hashable {
  let source: ValueID
  let layout: BufferLayout
  let form: String
}

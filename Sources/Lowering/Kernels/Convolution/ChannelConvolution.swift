// SPDX-License-Identifier: Apache-2.0
public import GraphIR
public import LoopIR
public import Targets

/// A lowering of convolutions that likes blocks of channels and takes elementwise ops behind it into its kernel.
public protocol ChannelConvolution: OpLowering where Op == Convolution {}

extension ChannelConvolution {
  public var acceptsTail: Bool { true }

  public func wish(
    _ op: OpRef<Convolution>, in graph: Graph, on target: Target
  ) -> LayoutWish { .blockedChannels }
}

/// One that reads every tap without a test: the input has a border, of zeros or of zero points.
public protocol BorderedConvolution: ChannelConvolution {}

extension BorderedConvolution {
  public func halo(
    _ op: OpRef<Convolution>, slot: Int, in graph: Graph, on target: Target
  ) -> [BufferLayout.Halo]? {
    guard slot == Convolution.Operand.input.rawValue else { return nil }
    let halo = ConvolutionShape(op, in: graph).halo
    return halo.contains { $0 != .none } ? halo : nil
  }

  public func border(
    _ op: OpRef<Convolution>, slot: Int, in graph: Graph, on target: Target
  ) -> Int64 { IntegerOperands(op, in: graph)?.inputZero ?? 0 }

  /// The input as the kernel reads it, with `border` around it if taps leave it: a copy in a layout of its own
  /// unless it is so already.
  ///
  /// - Parameter liesWell: whether the elements of a layout lie as the kernel reads them.
  static func bordered(
    _ view: TensorView, _ shape: ConvolutionShape, border: Int64, else layout: BufferLayout,
    if liesWell: (BufferLayout) -> Bool, in context: inout LoweringContext
  ) -> TensorView {
    let needsBorder = shape.halo.contains { $0 != .none }
    let hasBorder = view.layout.covers(shape.halo) && context.border(of: view) == border
    if liesWell(view.layout), !needsBorder || hasBorder { return view }
    return context.relayout(view, to: layout, border: border)
  }
}

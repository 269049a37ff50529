// SPDX-License-Identifier: Apache-2.0
import GraphIR

extension LoweringTable {
  /// Fettle's own lowerings. A new kernel is one line here, in front of the more general ones.
  public static let standard = LoweringTable([
    ElementwiseLowering(Unary.self), ElementwiseLowering(Binary.self),
    ElementwiseLowering(Select.self), ElementwiseLowering(Cast.self),
    ElementwiseLowering(Quantize.self), ElementwiseLowering(Dequantize.self),
    ElementwiseLowering(Requantize.self), ElementwiseLowering(BatchNorm.self),
    ReshapeLowering(), TransposeLowering(), SliceLowering(), BroadcastLowering(), PadLowering(),
    ConcatLowering(), GatherLowering(),
    ReduceLowering(), ArgReduceLowering(), SoftmaxLowering(),
    NormalizeLowering(), LocalResponseNormLowering(),
    NearestResize(), InterpolatedResize(),
    DepthwiseConvolution(), ByteDepthwise(), BlockedConvolution(), DotConvolution(),
    RunConvolution(), WordConvolution(),
    GenericConvolution(),
    GatheredTransposedConvolution(),
    PackedMatrixMultiply(), DotMatrixMultiply(), RunMatrixMultiply(), WordMatrixMultiply(),
    GenericMatrixMultiply(),
    PoolLowering(), MaxPoolIndicesLowering(),
  ])
}

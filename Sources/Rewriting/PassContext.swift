// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR

/// What a pass is given beside the graph, and where it leaves what it has to say.
public struct PassContext {
  /// Runs graphs on samples; nil if nothing can.
  public var runner: (any GraphRunner)?
  /// Inputs like those of the finished model; nil if the user gave none.
  public var samples: Samples?
  /// Measures graphs on labelled samples that are not among `samples`; nil if there are none.
  public var scorer: (any GraphScorer)?
  /// Measures what passes report of their changes; nil if nobody would read that.
  public var meter: (any ChangeMeter)?
  /// What is known of activations from an earlier run; nil if samples are to be run.
  public var calibration: Calibration?
  /// What a pass has measured, for a later run; kept only if `keepsCalibration`.
  public var measured: Calibration?
  /// The graph in front of the first pass of the pipeline that makes integers of layers: what later
  /// ones compare with. Nil before that.
  public var floatGraph: Graph?
  /// Whether a calibration is to be as full as any pass could want it.
  public var keepsCalibration = false
  /// The kinds of ops that texts of passes may name.
  public var ops = OpSet.standard
  /// How the target brings wide sums back to few bits; nil if no target is known.
  public var requantize: RequantizeForm?
  /// Watches passes and rewrites.
  public var observer: (any PassObserver)?
  /// Where a pass tells how far it is; nil if nobody looks.
  public var progress: Progress?
  /// Warnings for the user, in order.
  public var warnings: [Diagnostic] = []
  /// What a pass chose by itself, in words for the user, in order.
  public var notes: [String] = []

  /// A context; a pass that requires what is missing is refused by the pipeline.
  public init(
    runner: (any GraphRunner)? = nil, samples: Samples? = nil,
    observer: (any PassObserver)? = nil
  ) {
    self.runner = runner
    self.samples = samples
    self.observer = observer
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR

/// How the nodes of one operator become ops, and what of it is covered.
public struct OperatorImporter: Sendable {
  typealias Read = @Sendable (NodeContext) throws(Failure) -> [ValueID?]

  /// Who defines the operator; empty for the standard ones.
  public let domain: String
  /// The operator.
  public let name: String
  /// The versions of the domain's operators in which it exists and is understood.
  public let opsets: ClosedRange<Int>
  /// What of it is covered, in a few words; empty if all of it is.
  public let coverage: String
  /// Adds the ops of a node and gives the node's results; an absent one is nil.
  let read: Read

  init(
    _ name: String, since: Int = ONNXImporter.oldestOpset,
    until: Int = ONNXImporter.newestOpset, domain: String = "", _ coverage: String = "",
    read: @escaping Read
  ) {
    self.domain = domain
    self.name = name
    opsets = since...until
    self.coverage = coverage
    self.read = read
  }

  func check(opset: Int) throws(Failure) {
    guard opset < opsets.lowerBound || opset > opsets.upperBound else { return }
    throw Failure(
      "\(name) is an operator of opsets \(opsets.lowerBound) to \(opsets.upperBound); "
        + "the model is of opset \(opset)")
  }
}

/// The importers of a family of operators.
protocol OperatorFamily {
  static var importers: [OperatorImporter] { get }
}

/// The importers by operator.
public struct ImporterTable: Sendable {
  /// All importers, by domain and name.
  public let importers: [OperatorImporter]
  private let byName: [String: OperatorImporter]

  init(_ families: [any OperatorFamily.Type]) {
    let all = families.flatMap { $0.importers }
    importers = all.sorted { ($0.domain, $0.name) < ($1.domain, $1.name) }
    byName = Dictionary(
      all.map { ("\($0.domain)\u{0}\($0.name)", $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The importer of an operator, or nil if it is not supported.
  public subscript(name: String, domain domain: String) -> OperatorImporter? {
    byName["\(domain)\u{0}\(name)"]
  }

  /// All families: a new one is one line here.
  public static let standard = ImporterTable([
    UnaryFamily.self, ActivationFamily.self, BinaryFamily.self, VariadicFamily.self,
    SelectionFamily.self, CastFamily.self, ClipFamily.self,
    ConvolutionFamily.self, TransposedConvolutionFamily.self, MatrixFamily.self,
    IntegerProductFamily.self, QuantizationFamily.self, RuntimeQuantizationFamily.self,
    RuntimeAverageFamily.self, RuntimeProductFamily.self,
    PoolFamily.self, ReductionFamily.self, ArgReductionFamily.self, SoftmaxFamily.self,
    BatchNormalizationFamily.self, NormalizationFamily.self, DropoutFamily.self,
    ReshapingFamily.self, LayoutFamily.self, SliceFamily.self, PadFamily.self, GatherFamily.self,
    ConstantFamily.self, ResizeFamily.self, ControlFamily.self,
  ])
}

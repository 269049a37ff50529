// SPDX-License-Identifier: Apache-2.0
import CEmission
import CompilerSupport
import Evaluation
import GraphIR
import Rewriting
import Tensors

/// The options by which the ports of emitted C take another form than the model's.
enum PortOptions {
  enum Layout: String, AttributeWord { case nchw, nhwc }
  enum Element: String, AttributeWord { case u8, i8 }
  enum Output: String, AttributeWord { case argmax }

  static let layout = CommandOption<Layout>(
    "--input-layout", word: "ORDER",
    help: "the order of dimensions in which inputs are given (default: the model's)")
  static let element = CommandOption<Element>(
    "--input-type", word: "TYPE",
    help: "inputs are given as integers, of which the model's numbers are made")
  static let output = CommandOption<Output>(
    "--output-type", word: "FORM",
    help: "argmax: the output is the position of the largest score, as int32_t")

  static let all = [layout.untyped, element.untyped, output.untyped]

  /// Rewrites the ports as the options say.
  static func apply(
    to graph: inout Graph, _ arguments: Arguments, inputsAreFolded: Bool = false
  ) throws(Failure) -> PortForms {
    let wantsLast = try arguments[layout] == .nhwc
    let element: ElementType? =
      switch try arguments[Self.element] {
      case .u8: .u8
      case .i8: .i8
      case nil: nil
      }
    if inputsAreFolded, wantsLast || element != nil {
      throw Failure(
        "with --fold-preprocessing the inputs have the form of the data",
        notes: ["--input-layout and --input-type say another form"], kind: .usage)
    }
    var forms: [PortForm] = []
    do throws(TypeMismatch) {
      forms = try graph.rewrite { (rw) throws(TypeMismatch) in
        var forms: [PortForm] = []
        for (position, port) in rw.graph.inputs.enumerated() where port.role == .input {
          let rewrite = InputRewrite(
            rw.graph, position, channelsLast: wantsLast, element: element)
          forms.append(try rewrite.apply(&rw))
        }
        return forms
      }
    } catch {
      throw Failure("the inputs cannot have that form: \(error)")
    }
    // The former values of changed inputs belong to no port any more.
    graph = graph.compacted()
    if wantsLast, !forms.contains(where: \.isChannelsLast) {
      throw Failure("no input has channels and positions, which --input-layout nhwc would reorder")
    }
    if try arguments[output] == .argmax { try ArgmaxOutput.apply(to: &graph) }
    return PortForms(inputs: forms)
  }
}

/// What became of an input.
struct PortForm {
  let name: String
  /// The type that the model gives the input.
  let model: TensorType
  /// The type of the port.
  let port: TensorType
  let isChannelsLast: Bool
  let isConverted: Bool
  /// The model's number is (port − zeroPoint) · scale.
  let scale: Float
  let zeroPoint: Int
}

/// What became of the inputs.
struct PortForms {
  let inputs: [PortForm]

  /// Scale and zero point of the ports that were made integer, for the header.
  var macros: [HeaderMacro] {
    inputs.filter(\.isConverted).flatMap { form in
      [
        HeaderMacro(name: form.name + "_scale", value: .float(form.scale)),
        HeaderMacro(name: form.name + "_zero_point", value: .integer(form.zeroPoint)),
      ]
    }
  }

  private var isNeutral: Bool { inputs.allSatisfy { !$0.isConverted && !$0.isChannelsLast } }

  /// Data for the model's own inputs as data for the ports.
  func adapt(_ data: DataSet?) throws(Failure) -> DataSet? {
    guard let data, !isNeutral else { return data }
    let evaluator = Evaluator(try adapter())
    let samples = data.samples
    return data.with(
      samples: Samples(count: samples.count) { (i) throws(Failure) in
        try evaluator.run(try samples.load(i))
      })
  }

  /// The same for what passes are given.
  func adapt(_ samples: PassSamples) throws(Failure) -> PassSamples {
    PassSamples(own: try adapt(samples.own), other: try adapt(samples.other))
  }

  /// A graph from the model's inputs to the ports: the ports' conversion backwards.
  private func adapter() throws(Failure) -> Graph {
    var graph = Graph(name: "ports")
    do throws(TypeMismatch) {
      try graph.rewrite { (rw) throws(TypeMismatch) in
        for form in inputs {
          var value = rw.addInput(name: form.name, type: form.model)
          if form.isConverted {
            let zero = Tensor(scalar: Double(form.zeroPoint), form.port.element)
            let operands = [
              value, rw.addConstant(Tensor(scalar: Double(form.scale), .f32)), rw.addConstant(zero),
            ]
            var quantize = Quantize()
            quantize.to = form.port.element
            value = try rw.insert(quantize, operands, location: Location())[0]
          }
          if form.isChannelsLast {
            let order = [0] + (2..<form.model.shape.rank) + [1]
            value = try rw.insert(Transpose(order), [value], location: Location())[0]
          }
          rw.addOutput(name: form.name, value: value)
        }
      }
    } catch {
      throw Failure("the data cannot be given in the form of the ports: \(error)")
    }
    return graph
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// The fields of an attribute as they come: which of them is the value is known only at the end,
/// when the kind has been read.
struct AttributeFields {
  var name = ""
  var docString = ""
  private var reference = ""
  private var kind: Int32?
  private var float: Float?
  private var int: Int64?
  private var string: Bytes?
  private var tensor: TensorProto?
  private var graph: GraphProto?
  private var sparseTensor: SparseTensorProto?
  private var typeProto: TypeProto?
  private var floats: [Float] = []
  private var ints: [Int64] = []
  private var strings: [Bytes] = []
  private var tensors: [TensorProto] = []
  private var graphs: [GraphProto] = []
  private var sparseTensors: [SparseTensorProto] = []
  private var typeProtos: [TypeProto] = []

  mutating func read(_ reader: inout ProtobufReader) throws(Failure) {
    while let number = try reader.nextField() {
      switch number {
      case 1: name = try reader.string()
      case 2: float = try reader.float()
      case 3: int = try reader.int64()
      case 4: string = try reader.bytes()
      case 5: try Self.merge(&tensor, &reader)
      case 6: try Self.merge(&graph, &reader)
      case 7: try reader.floats(into: &floats)
      case 8: try reader.int64s(into: &ints)
      case 9: strings.append(try reader.bytes())
      case 10: try reader.append(to: &tensors)
      case 11: try reader.append(to: &graphs)
      case 13: docString = try reader.string()
      case 14: try Self.merge(&typeProto, &reader)
      case 15: try reader.append(to: &typeProtos)
      case 20: kind = try reader.int32()
      case 21: reference = try reader.string()
      case 22: try Self.merge(&sparseTensor, &reader)
      case 23: try reader.append(to: &sparseTensors)
      default: try reader.skip()
      }
    }
  }

  private static func merge<Message: ProtobufMessage>(
    _ message: inout Message?, _ reader: inout ProtobufReader
  ) throws(Failure) {
    var merged = message ?? Message()
    message = nil
    try reader.message(into: &merged)
    message = merged
  }

  /// The value by the kind; without a kind (IR version 1) by the field that is there.
  var value: AttributeProto.Value {
    let kind = kind.map { AttributeProto.Kind(rawValue: $0) ?? .undefined } ?? kindOfFields
    if !reference.isEmpty { return .reference(reference, kind) }
    switch kind {
    case .undefined: return .undefined
    case .float: return .float(float ?? 0)
    case .int: return .int(int ?? 0)
    case .string: return .string(string ?? Bytes())
    case .tensor: return .tensor(tensor ?? TensorProto())
    case .graph: return .graph(graph ?? GraphProto())
    case .sparseTensor: return .sparseTensor(sparseTensor ?? SparseTensorProto())
    case .typeProto: return .typeProto(typeProto ?? TypeProto())
    case .floats: return .floats(floats)
    case .ints: return .ints(ints)
    case .strings: return .strings(strings)
    case .tensors: return .tensors(tensors)
    case .graphs: return .graphs(graphs)
    case .sparseTensors: return .sparseTensors(sparseTensors)
    case .typeProtos: return .typeProtos(typeProtos)
    }
  }

  private var kindOfFields: AttributeProto.Kind {
    if float != nil { return .float }
    if int != nil { return .int }
    if string != nil { return .string }
    if tensor != nil { return .tensor }
    if graph != nil { return .graph }
    if sparseTensor != nil { return .sparseTensor }
    if typeProto != nil { return .typeProto }
    if !floats.isEmpty { return .floats }
    if !ints.isEmpty { return .ints }
    if !strings.isEmpty { return .strings }
    if !tensors.isEmpty { return .tensors }
    if !graphs.isEmpty { return .graphs }
    if !sparseTensors.isEmpty { return .sparseTensors }
    if !typeProtos.isEmpty { return .typeProtos }
    return .undefined
  }
}

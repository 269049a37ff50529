// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Operators whose result is known when the model is read.
enum ConstantFamily: OperatorFamily {
  static let importers = [
    OperatorImporter("Constant", "tensors and numbers", read: constant),
    OperatorImporter(
      "ConstantOfShape", since: 9, "a shape known when the model is read", read: filled),
    OperatorImporter("Shape", read: shape),
    OperatorImporter("Size", read: size),
    OperatorImporter("Range", since: 11, "limits known when the model is read", read: range),
    OperatorImporter("EyeLike", since: 9, read: eyeLike),
  ]
  @Sendable static func constant(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    if let tensor = try node.tensor("value") { return [node.add(tensor)] }
    if let tensor = try node.sparseTensor("sparse_value") { return [node.add(tensor)] }
    if let value = try node.float("value_float") {
      return [node.add(Tensor(TensorType(.f32, .scalar), storage: [value]))]
    }
    if let values = try node.floats("value_floats") {
      let type = TensorType(.f32, try node.shape([values.count]))
      return [node.add(Tensor(type, storage: values))]
    }
    if let value = try node.int("value_int") {
      return [node.add(Tensor(TensorType(.i64, .scalar), storage: [Int64(value)]))]
    }
    if let values = try node.ints("value_ints") {
      let type = TensorType(.i64, try node.shape([values.count]))
      return [node.add(Tensor(type, storage: values.map { Int64($0) }))]
    }
    if node.has("value_string") || node.has("value_strings") {
      throw node.unsupported("it holds strings", "tensors of numbers are supported")
    }
    throw node.failure("it holds no value")
  }

  @Sendable static func filled(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let value =
      try node.tensor("value") ?? Tensor(TensorType(.f32, .scalar), storage: [Float(0)])
    guard value.count == 1, let scalar = value.reshaped(to: .scalar) else {
      throw node.failure("value is \(value.type), expected one element")
    }
    guard let extents = try node.constantInts(0, "the shape") else {
      throw node.failure("the shape is missing")
    }
    let shape = try node.shape(extents)
    return [try node.broadcast(node.add(scalar), shape.extents)]
  }

  @Sendable static func shape(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let extents = node.extents(try node.input(0))
    func clamped(_ position: Int) -> Int {
      let absolute = position < 0 ? position + extents.count : position
      return min(max(absolute, 0), extents.count)
    }
    let start = clamped(try node.int("start", default: 0))
    let end = clamped(try node.int("end", default: extents.count))
    let part = start < end ? Array(extents[start..<end]) : []
    let type = TensorType(.i64, try node.shape([part.count]))
    return [node.add(Tensor(type, storage: part.map { Int64($0) }))]
  }

  @Sendable static func size(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let count = node.type(try node.input(0)).shape.elementCount
    return [node.add(Tensor(TensorType(.i64, .scalar), storage: [Int64(count)]))]
  }

  @Sendable static func range(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let limits = [
      try node.requireConstant(0, "start"), try node.requireConstant(1, "limit"),
      try node.requireConstant(2, "delta"),
    ]
    let element = limits[0].element
    guard limits.allSatisfy({ $0.count == 1 && $0.element == element }) else {
      throw node.failure("start, limit and delta are no scalars of one type")
    }
    let numbers = limits.map { $0.doubles()[0] }
    let count = ((numbers[1] - numbers[0]) / numbers[2]).rounded(.up)
    guard numbers[2] != 0, count.isFinite, count <= Double(ModelLimits.madeElements) else {
      throw node.failure("a range from \(numbers[0]) to \(numbers[1]) by \(numbers[2])")
    }
    let type = TensorType(element, try node.shape([max(Int(count), 0)]))
    if element.isInteger {
      let (start, delta) = (limits[0].integers()[0], limits[2].integers()[0])
      let values = (0..<type.shape.elementCount).map { start &+ Int64($0) &* delta }
      return [node.add(Tensor(type, wrapping: values))]
    }
    let values = (0..<type.shape.elementCount).map { numbers[0] + Double($0) * numbers[2] }
    return [node.add(Tensor(type, rounding: values))]
  }

  @Sendable static func eyeLike(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let like = node.type(try node.input(0))
    guard like.shape.rank == 2, like.shape.elementCount <= ModelLimits.madeElements else {
      throw node.failure("the input is \(like), expected a matrix")
    }
    let element = node.has("dtype") ? try CastFamily.element(node, "dtype") : like.element
    let offset = try node.int("k", default: 0)
    let (rows, columns) = (like.shape[0], like.shape[1])
    var values = [Int64](repeating: 0, count: rows * columns)
    for row in 0..<rows {
      guard let column = (Checked(row) + Checked(offset)).value, (0..<columns).contains(column)
      else { continue }
      values[row * columns + column] = 1
    }
    return [node.add(Tensor(TensorType(element, like.shape), wrapping: values))]
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors

// The primitive changes of a graph. Only `Rewriter` and the parser call them: they keep use lists and order
// consistent, but check no types.
extension Graph {
  mutating func appendInput(name: String, type: TensorType, role: PortRole) -> ValueID {
    revision += 1
    let value = values.append(
      ValueRecord(type: type, source: .input(inputs.count), name: name))
    inputs.append(InputPort(name: name, role: role, value: value))
    return value
  }

  mutating func appendOutput(name: String, value: ValueID) {
    revision += 1
    values[value].outputCount += 1
    outputs.append(OutputPort(name: name, value: value))
  }

  mutating func setOutput(_ position: Int, to value: ValueID) {
    revision += 1
    let old = outputs[position]
    values[old.value].outputCount -= 1
    values[value].outputCount += 1
    outputs[position] = OutputPort(name: old.name, value: value)
  }

  mutating func replaceInput(
    _ position: Int, type: TensorType
  ) -> (new: ValueID, old: ValueID) {
    revision += 1
    let port = inputs[position]
    let value = values.append(
      ValueRecord(type: type, source: .input(position), name: port.name))
    inputs[position] = InputPort(name: port.name, role: port.role, value: value)
    return (value, port.value)
  }

  /// Adds an op in front of `successor`, or at the end.
  mutating func insert(
    _ definition: any OpDefinition, operands: [ValueID?], resultTypes: [TensorType],
    location: Location, before successor: OpID?
  ) -> OpID {
    revision += 1
    let id = ops.append(
      OpRecord(definition: definition, operands: [], results: [], location: location))
    var slots: [UseID] = []
    slots.reserveCapacity(operands.count)
    for (slot, operand) in operands.enumerated() {
      let use = uses.append(UseRecord(value: nil, user: id, slot: slot))
      slots.append(use)
      if let operand { connect(use, to: operand) }
    }
    let results = resultTypes.enumerated().map { position, type in
      values.append(ValueRecord(type: type, source: .result(id, position), name: ""))
    }
    ops[id].operands = slots
    ops[id].results = results
    link(id, before: successor)
    opCount += 1
    return id
  }

  /// Removes an op whose results nobody reads.
  mutating func remove(_ op: OpID) {
    revision += 1
    let record = ops[op]
    for use in record.operands {
      disconnect(use)
      uses.erase(use)
    }
    for result in record.results {
      precondition(!isUsed(result), "an op whose results are read is not removed")
      values.erase(result)
    }
    unlink(op)
    ops.erase(op)
    opCount -= 1
  }

  mutating func setOperand(of op: OpID, slot: Int, to value: ValueID?) {
    revision += 1
    let use = ops[op].operands[slot]
    disconnect(use)
    if let value { connect(use, to: value) }
  }

  mutating func move(_ op: OpID, before successor: OpID?) {
    guard op != successor else { return }
    revision += 1
    unlink(op)
    link(op, before: successor)
  }

  // MARK: Uses

  private mutating func connect(_ use: UseID, to value: ValueID) {
    let next = values[value].firstUse
    uses[use].value = value
    uses[use].previous = nil
    uses[use].next = next
    if let next { uses[next].previous = use }
    values[value].firstUse = use
  }

  private mutating func disconnect(_ use: UseID) {
    let record = uses[use]
    guard let value = record.value else { return }
    if let previous = record.previous {
      uses[previous].next = record.next
    } else {
      values[value].firstUse = record.next
    }
    if let next = record.next { uses[next].previous = record.previous }
    uses[use].value = nil
    uses[use].previous = nil
    uses[use].next = nil
  }

  // MARK: Order

  private mutating func link(_ op: OpID, before successor: OpID?) {
    let previous = successor.map { ops[$0].previous } ?? body.last
    ops[op].previous = previous
    ops[op].next = successor
    if let previous { ops[previous].next = op } else { body.first = op }
    if let successor { ops[successor].previous = op } else { body.last = op }
  }

  private mutating func unlink(_ op: OpID) {
    let record = ops[op]
    if let previous = record.previous {
      ops[previous].next = record.next
    } else {
      body.first = record.next
    }
    if let next = record.next {
      ops[next].previous = record.previous
    } else {
      body.last = record.previous
    }
  }
}

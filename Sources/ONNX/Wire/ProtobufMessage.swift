// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

/// A message of a protobuf schema as a plain struct.
public protocol ProtobufMessage: Equatable, Sendable {
  /// The message without any field.
  init()
  /// Enters all fields that are left in the reader; fields that are not known are skipped.
  mutating func read(_ reader: inout ProtobufReader) throws(Failure)
  /// Writes all fields, in the order of their numbers.
  func write(to writer: inout ProtobufWriter)
}

extension ProtobufMessage {
  /// The message that fills the bytes.
  public init(reading bytes: Bytes) throws(Failure) {
    var reader = ProtobufReader(bytes)
    self.init()
    try read(&reader)
  }

  /// The message as bytes, in one copy.
  public func serialized() -> Bytes {
    var writer = ProtobufWriter()
    write(to: &writer)
    return writer.joined()
  }
}

extension ProtobufReader {
  /// Merges the message that is the field's value into `message`; a field that comes twice is the
  /// union of both, as the format demands.
  public mutating func message(into message: inout some ProtobufMessage) throws(Failure) {
    var inner = try nested()
    try message.read(&inner)
  }

  /// The message that is the field's value.
  public mutating func message<Message: ProtobufMessage>(
    _ type: Message.Type = Message.self
  ) throws(Failure) -> Message {
    var result = Message()
    try message(into: &result)
    return result
  }

  /// Appends the message that is the field's value.
  public mutating func append<Message: ProtobufMessage>(
    to messages: inout [Message]
  ) throws(Failure) {
    try checkRoom(in: messages)
    messages.append(try message())
  }

  /// Appends the text that is the field's value.
  public mutating func append(to strings: inout [String]) throws(Failure) {
    try checkRoom(in: strings)
    strings.append(try string())
  }

  /// An empty entry takes two bytes of a file, and a hundred times as many in memory.
  private func checkRoom(in entries: [some Any]) throws(Failure) {
    guard entries.count < ModelLimits.entries else {
      throw Failure("a list has more than \(ModelLimits.entries) entries (at byte \(offset))")
    }
  }
}

extension ProtobufWriter {
  /// A message.
  public mutating func message(_ number: Int, _ message: some ProtobufMessage) {
    nested(number) { message.write(to: &$0) }
  }

  /// Messages, one by one.
  public mutating func messages(_ number: Int, _ messages: [some ProtobufMessage]) {
    for message in messages { self.message(number, message) }
  }
}

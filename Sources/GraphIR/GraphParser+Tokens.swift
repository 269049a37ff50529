// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors

// The small parts of the text form: names, types, elements.
extension GraphParser {
  /// The offset of the next token.
  var offset: Int {
    mutating get {
      tokens.skipSpace()
      return tokens.offset
    }
  }

  /// A failure at an offset.
  func failure(_ message: String, at offset: Int, notes: [String] = []) -> Failure {
    AttributeScanner(bytes, at: offset, file: file).failure(message, notes: notes)
  }

  /// Takes the word if it is next. (That another is next is no failure: making one takes time.)
  mutating func takeWord(_ word: String) -> Bool {
    let end = offset + word.utf8.count
    guard end <= bytes.count, bytes[tokens.offset..<end].elementsEqual(word.utf8),
      end == bytes.count || !TextName.isWordByte(bytes[end], first: false)
    else { return false }
    tokens = AttributeScanner(bytes, at: end, file: file)
    return true
  }

  /// The next token's first byte if it stands on the same line.
  func peekOnLine() -> UInt8? {
    bytes[tokens.offset...].first { $0 != 0x20 && $0 != 0x09 }
  }

  // MARK: Names

  /// A name behind its sigil: a word, a string, or (of values) a number.
  mutating func name(after sigil: String) throws(Failure) -> Name {
    try tokens.expect(sigil)
    let start = tokens.offset
    guard start < bytes.count else { throw tokens.failure("expected a name behind '\(sigil)'") }
    if bytes[start] == 0x22 { return Name(text: try tokens.string()) }
    if sigil == "%" {
      let digits = bytes[start...].prefix { $0 >= 0x30 && $0 <= 0x39 }
      if !digits.isEmpty {
        tokens = AttributeScanner(bytes, at: digits.endIndex, file: file)
        return Name(text: String(decoding: digits, as: UTF8.self), isNumber: true)
      }
    }
    guard TextName.isWordByte(bytes[start], first: true) else {
      throw tokens.failure("expected a name behind '\(sigil)'")
    }
    return Name(text: try tokens.word())
  }

  /// The name of a port: a word or a string.
  mutating func portName() throws(Failure) -> Name {
    if tokens.peek() == 0x22 { return Name(text: try tokens.string()) }
    return Name(text: try tokens.word())
  }

  mutating func define(_ name: Name, as value: ValueID, at offset: Int) throws(Failure) {
    try checkNew(name, at: offset)
    values[name] = .value(value)
    places[value] = offset
    known.append(name.text)
  }

  func checkNew(_ name: Name, at offset: Int) throws(Failure) {
    if values[name] != nil { throw failure("'%\(name.text)' is defined twice", at: offset) }
  }

  /// What a name stands for.
  func symbol(_ name: Name, isConstant: Bool, at offset: Int) throws(Failure) -> Symbol {
    if let found = isConstant ? constants[name] : values[name] { return found }
    let sigil = isConstant ? "@" : "%"
    // Only some candidates: the search is slow, and a graph may have very many names.
    let candidates: [String] =
      isConstant
      ? Array(constants.keys.map(\.text).sorted().prefix(1000)) : Array(known.suffix(1000))
    let near = Spelling.nearest(to: name.text, among: candidates)
    throw failure(
      "'\(sigil)\(name.text)' is not defined above", at: offset,
      notes: near.map { ["did you mean '\(sigil)\($0)'?"] } ?? [])
  }

  // MARK: Types

  mutating func type() throws(Failure) -> TensorType {
    let start = offset
    let word = try tokens.word()
    guard let element = ElementType(rawValue: word) else {
      let names = ElementType.allCases.map(\.rawValue)
      throw failure(
        "'\(word)' is no element type", at: start, notes: Spelling.notes(for: word, among: names))
    }
    let extents = try [Int].parse(&tokens)
    guard let shape = Shape(extents) else {
      throw failure("the shape \(extents.text) is negative or too large", at: start)
    }
    return TensorType(element, shape)
  }

  mutating func typeAndStatistics() throws(Failure) -> (
    type: TensorType, statistics: ChannelStatistics?
  ) {
    let type = try type()
    guard takeWord("stats") else { return (type, nil) }
    try tokens.expect("(")
    let mean = try floats("mean")
    try tokens.expect(",")
    let deviation = try floats("deviation")
    try tokens.expect(")")
    return (type, ChannelStatistics(mean: mean, deviation: deviation))
  }

  private mutating func floats(_ name: String) throws(Failure) -> [Float] {
    guard takeWord(name) else { throw tokens.failure("expected '\(name)='") }
    try tokens.expect("=")
    return try elements(.f32, limit: .max).bits.map {
      Float(bitPattern: UInt32(truncatingIfNeeded: $0))
    }
  }

  // MARK: Constants

  /// The values of a tensor: a list, one repeated element, or a digest.
  mutating func content(_ type: TensorType) throws(Failure) -> Tensor {
    let start = offset
    if tokens.take("#") { return try largeConstant(type, at: start) }
    let (bits, isRepeated) = try elements(type.element, limit: type.shape.elementCount)
    if isRepeated, let element = bits.first {
      guard type.shape.elementCount <= ElementText.repeatLimit else {
        throw failure("\(type) is too large for one repeated element", at: start)
      }
      return ElementText.tensor(
        type, bits: Array(repeating: element, count: type.shape.elementCount))
    }
    guard bits.count == type.shape.elementCount else {
      throw failure(
        "\(bits.count) elements are given for \(type), which has \(type.shape.elementCount)",
        at: start)
    }
    return ElementText.tensor(type, bits: bits)
  }

  /// A list of elements as bits; at most one more than the limit is read.
  private mutating func elements(
    _ element: ElementType, limit: Int
  ) throws(Failure) -> (bits: [UInt64], isRepeated: Bool) {
    var bits: [UInt64] = []
    try tokens.expect("[")
    if tokens.take("]") { return (bits, false) }
    repeat {
      let start = offset
      let token = bytes[start...].prefix { !Self.endsElement($0) }
      let text = String(decoding: token, as: UTF8.self)
      guard let value = ElementText.bits(text, element) else {
        throw failure("'\(String(text.prefix(40)))' is no element of type \(element.rawValue)", at: start)
      }
      tokens = AttributeScanner(bytes, at: token.endIndex, file: file)
      bits.append(value)
      if bits.count == 1, tokens.take("...") {
        try tokens.expect("]")
        return (bits, true)
      }
    } while bits.count <= limit && tokens.take(",")
    if bits.count > limit { throw tokens.failure("expected \(limit) elements, found more") }
    try tokens.expect("]")
    return (bits, false)
  }

  private static func endsElement(_ c: UInt8) -> Bool {
    c == 0x2C || c == 0x5D || c == 0x5B || c == 0x2F || c <= 0x20
  }

  private mutating func largeConstant(
    _ type: TensorType, at start: Int
  ) throws(Failure) -> Tensor {
    let digits = bytes[tokens.offset...].prefix {
      $0 >= 0x30 && $0 <= 0x39 || $0 >= 0x61 && $0 <= 0x66
    }
    guard (8...64).contains(digits.count) else {
      throw failure("expected 8 to 64 hexadecimal digits (0-9, a-f) behind '#'", at: start)
    }
    tokens = AttributeScanner(bytes, at: digits.endIndex, file: file)
    let found: (digest: String, tensor: Tensor)
    do throws(Failure) {
      found = try sides.tensor(String(decoding: digits, as: UTF8.self))
    } catch {
      var located = failure("", at: start)
      located.diagnostics = error.diagnostics.map { diagnostic in
        var copy = diagnostic
        if copy.origin.file.isEmpty { copy.origin = located.diagnostics[0].origin }
        return copy
      }
      throw located
    }
    guard found.tensor.type == type else {
      throw failure(
        "the constant in the side file is \(found.tensor.type), expected \(type)", at: start)
    }
    if checkDigests, LazyDigest(found.tensor).value != found.digest {
      throw failure("the constant in the side file does not have the digest that names it", at: start)
    }
    return found.tensor
  }
}

// SPDX-License-Identifier: Apache-2.0

/// Writes indented text line by line.
public struct TextWriter: Sendable {
  private var buffer: [UInt8] = []
  private let unit: Int
  private var level = 0
  private var atLineStart = true

  /// A writer that indents by `unit` spaces a level.
  public init(indent unit: Int = 2) { self.unit = unit }

  /// The text so far.
  public var text: String { String(decoding: buffer, as: UTF8.self) }

  /// The text so far as bytes.
  public var bytes: Bytes { Bytes(buffer) }

  /// Writes text without ending the line; line breaks in it begin new indented lines.
  public mutating func write(_ text: String) {
    var text = text
    text.withUTF8 { source in
      var rest = source[...]
      while !rest.isEmpty {
        let line = rest.prefix { $0 != 0x0A }
        if !line.isEmpty {
          if atLineStart { buffer.append(contentsOf: repeatElement(0x20, count: unit * level)) }
          buffer.append(contentsOf: line)
          atLineStart = false
        }
        rest = rest.dropFirst(line.count)
        if !rest.isEmpty {
          endLine()
          rest = rest.dropFirst()
        }
      }
    }
  }

  /// Writes a line; without text an empty one.
  public mutating func line(_ text: String = "") {
    write(text)
    endLine()
  }

  /// Writes what `body` writes one level deeper.
  public mutating func indented<E: Error>(
    _ body: (inout TextWriter) throws(E) -> Void
  ) throws(E) {
    level += 1
    defer { level -= 1 }
    try body(&self)
  }

  /// Writes a line, what `body` writes one level deeper, and a closing line.
  public mutating func block<E: Error>(
    _ open: String, _ close: String = "}", _ body: (inout TextWriter) throws(E) -> Void
  ) throws(E) {
    line(open)
    try indented(body)
    line(close)
  }

  private mutating func endLine() {
    buffer.append(0x0A)
    atLineStart = true
  }
}

// SPDX-License-Identifier: Apache-2.0

/// Tells on the standard error output how far a long job is: a bar that is redrawn on a terminal,
/// plain lines otherwise. It writes at most ten times a second to a terminal and every five seconds
/// a line elsewhere, however often it is called.
public final class Progress {
  /// How progress is shown.
  public enum Style: Sendable { case bar(width: Int), lines, quiet }

  private let style: Style
  private let now: () -> Double
  private let write: (String) -> Void
  private var title = ""
  private var total: Int?
  private var done = 0
  private var started = 0.0
  private var lastShown = 0.0
  private var barIsDrawn = false

  /// Progress in the style that suits the standard error output.
  public convenience init(quiet: Bool = false) {
    let width = Platform.isTerminal(.error) ? Platform.terminalWidth(.error) ?? 80 : nil
    let style: Style = quiet ? .quiet : width.map { .bar(width: $0) } ?? .lines
    self.init(style: style, now: { Platform.monotonicSeconds }, write: Platform.writeError)
  }

  /// Progress in a given style, with a clock in seconds and a place to write to.
  public init(style: Style, now: @escaping () -> Double, write: @escaping (String) -> Void) {
    self.style = style
    self.now = now
    self.write = write
  }

  /// Begins a job of `total` steps, or of an unknown number; one that was under way ends.
  public func begin(_ title: String, total: Int? = nil) {
    end()
    self.title = PrintableText.line(title)
    self.total = total.map { Swift.max($0, 0) }
    done = 0
    started = now()
    show(note: "", force: true)
  }

  /// Says of how many steps the job turned out to be.
  public func expect(_ total: Int) { self.total = Swift.max(total, 0) }

  /// Says that `done` steps are done; the note is shown behind.
  public func advance(to done: Int, note: String = "") {
    self.done = done
    show(note: PrintableText.line(note), force: false)
  }

  /// Says that one more step is done.
  public func step(note: String = "") { advance(to: done + 1, note: note) }

  /// Ends the job: the bar goes, in plain lines the time is told if it was longer than a second.
  public func end() {
    guard !title.isEmpty else { return }
    clearBar()
    let seconds = now() - started
    if case .lines = style, seconds > 1 {
      write("\(title): done in \(NumberText.fixed(seconds, 1)) s\n")
    }
    title = ""
  }

  /// Writes a line of its own between progress; the quiet style leaves it out.
  public func message(_ text: String) {
    if case .quiet = style { return }
    clearBar()
    write(PrintableText.escaped(text) + "\n")
  }

  private func show(note: String, force: Bool) {
    let time = now()
    switch style {
    case .quiet: return
    case .bar(let width):
      guard force || time - lastShown >= 0.1 else { return }
      let line = barLine(note)
      write("\r\u{1B}[K" + line.prefix(Swift.max(width - 1, 0)))
      barIsDrawn = true
    case .lines:
      guard force || time - lastShown >= 5 else { return }
      write(force ? "\(title)\n" : "\(title): \(counted)\(note.isEmpty ? "" : ", " + note)\n")
    }
    lastShown = time
  }

  private var counted: String {
    guard let total, total > 0 else { return "\(done)" }
    return "\(done)/\(total)"
  }

  private func barLine(_ note: String) -> String {
    let tail = note.isEmpty ? "" : " " + note
    guard let total, total > 0 else { return "\(title) \(counted)\(tail)" }
    let cells = 24
    let filled = Int(Double(cells) * Swift.min(1, Double(Swift.max(done, 0)) / Double(total)))
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: cells - filled)
    return "\(title) [\(bar)] \(counted)\(tail)"
  }

  private func clearBar() {
    if barIsDrawn { write("\r\u{1B}[K") }
    barIsDrawn = false
  }
}

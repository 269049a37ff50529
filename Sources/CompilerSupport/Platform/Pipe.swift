// SPDX-License-Identifier: Apache-2.0
#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A pipe for the output of a program; closed when it goes.
final class Pipe {
  let reading: Int32
  private(set) var writing: Int32

  /// A new pipe; that programs started meanwhile by other threads do not inherit it is the doing of
  /// `Subprocess`, which makes pipes and starts programs under one lock.
  init() throws(Failure) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw Failure("cannot make a pipe: \(Platform.errorText())") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    reading = ends[0]
    writing = ends[1]
  }

  deinit {
    close(reading)
    closeWriting()
  }

  /// Closes this process's writing end, so that the end shows when the program has closed its own.
  func closeWriting() {
    if writing >= 0 { close(writing) }
    writing = -1
  }

  /// Held while pipes are made and programs started. (The C library's call that does both at once
  /// is not to be had on all systems.)
  static func locked<R>(_ body: () throws(Failure) -> R) throws(Failure) -> R {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return try body()
  }

  private nonisolated(unsafe) static let lock = {
    let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    pthread_mutex_init(lock, nil)
    return lock
  }()

  /// What reads from the pipe.
  func collector() -> PipeCollector { PipeCollector(pipe: self) }
}

/// The bytes that have come out of a pipe.
struct PipeCollector {
  let pipe: Pipe
  private(set) var bytes: [UInt8] = []
  private(set) var isAtEnd = false
  private var buffer = [UInt8](repeating: 0, count: 65536)

  init(pipe: Pipe) { self.pipe = pipe }

  var descriptor: Int32 { pipe.reading }

  /// Reads what is there, waiting if there is nothing.
  mutating func readSome() {
    let got = read(pipe.reading, &buffer, buffer.count)
    if got > 0 {
      bytes.append(contentsOf: buffer[..<got])
    } else if got == 0 || errno != EINTR {
      isAtEnd = true
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A program to be run to its end, with its output caught unless it is to be this process's.
public struct Subprocess: Sendable {
  /// The program (searched in `PATH` if it has no slash) and its arguments.
  public var arguments: [String]
  /// Environment variables on top of this process's own; nil takes one away.
  public var environment: [(name: String, value: String?)] = []
  /// The working folder; nil keeps this process's. A program that is not to be found in it shows as
  /// exit status 127.
  public var directory: String?
  /// Whether it has this process's standard streams; nothing is caught then.
  public var inheritsStreams = false
  /// A file for the standard input; nil gives it an empty one.
  public var inputFile: String?
  /// Seconds after which the program and what it started are killed; nil lets it run. A program
  /// with a limit runs in a process group of its own.
  public var timeout: Double?

  /// A program with arguments; what else there is to say is set on the value.
  public init(_ arguments: [String]) { self.arguments = arguments }

  /// How a program ended.
  public struct Outcome: Sendable {
    /// The exit status, or nil if a signal ended it.
    public var status: Int32?
    /// The signal that ended it.
    public var signal: Int32?
    /// Whether it was killed for exceeding its time.
    public var timedOut: Bool
    /// What it wrote to its standard output.
    public var output: Bytes
    /// What it wrote to its standard error output.
    public var errors: Bytes
    /// The processor time it used, in seconds.
    public var processorSeconds: Double

    /// Whether it ended by itself with status 0.
    public var succeeded: Bool { status == 0 && !timedOut }
    /// The standard output as text, broken UTF-8 repaired.
    public var outputText: String { output.repairedText }
    /// The standard error output as text, broken UTF-8 repaired.
    public var errorText: String { errors.repairedText }
    /// How it ended in words, as in `exit status 1`.
    public var summary: String {
      if timedOut { return "killed for exceeding its time limit" }
      if let signal { return "ended by signal \(signal) (\(String(cString: strsignal(signal))))" }
      return "exit status \(status ?? 0)"
    }
  }

  /// Runs the program and waits for its end. Throws if it cannot be started; how it ended is the
  /// caller's to judge.
  public func run() throws(Failure) -> Outcome {
    guard let program = arguments.first else { throw Failure("no program to run") }
    for text in arguments where text.utf8.contains(0) {
      throw Failure("a program argument with a zero character in it")
    }
    try Platform.checkPath(program)
    let (process, output, errors) = try Pipe.locked { () throws(Failure) in
      let (output, errors) = (try Pipe(), try Pipe())
      let process = try spawn(program, output, errors)
      output.closeWriting()
      errors.closeWriting()
      return (process, output, errors)
    }
    let deadline = timeout.map { Platform.monotonicSeconds + Swift.max(0, $0) }
    var collected = [output.collector(), errors.collector()]
    var timedOut = !Self.drain(&collected, until: deadline)
    var (ended, code, usage) = (false, Int32(0), rusage())
    if let deadline, !timedOut {
      // The pipes are closed but the program may go on.
      while !ended {
        ended = wait4(process, &code, WNOHANG, &usage) == process
        if ended { break }
        timedOut = Platform.monotonicSeconds >= deadline
        if timedOut { break }
        usleep(2000)
      }
    }
    if timedOut { kill(-process, SIGKILL) }
    while !ended {
      let waited = wait4(process, &code, 0, &usage)
      ended = waited == process || waited < 0 && errno != EINTR
    }
    let signal = code & 0x7F
    let time = [usage.ru_utime, usage.ru_stime].reduce(0.0) {
      $0 + Double($1.tv_sec) + Double($1.tv_usec) * 1e-6
    }
    return Outcome(
      status: signal == 0 ? code >> 8 & 0xFF : nil, signal: signal == 0 ? nil : signal,
      timedOut: timedOut, output: Bytes(collected[0].bytes), errors: Bytes(collected[1].bytes),
      processorSeconds: time)
  }

  private func spawn(
    _ program: String, _ output: Pipe, _ errors: Pipe
  ) throws(Failure) -> pid_t {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
      var flags = Int16(POSIX_SPAWN_CLOEXEC_DEFAULT)
    #else
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
      var flags: Int16 = 0
    #endif
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    if let inputFile { try Platform.checkPath(inputFile) }
    if inheritsStreams {
      // Said expressly, because only what is said is kept open on some systems.
      for stream: Int32 in 0...2 { posix_spawn_file_actions_adddup2(&actions, stream, stream) }
    } else {
      posix_spawn_file_actions_addopen(&actions, 0, inputFile ?? "/dev/null", O_RDONLY, 0)
      posix_spawn_file_actions_adddup2(&actions, output.writing, 1)
      posix_spawn_file_actions_adddup2(&actions, errors.writing, 2)
    }
    var (file, arguments) = (program, self.arguments)
    if let directory {
      guard Platform.isDirectory(directory) else {
        throw Failure("cannot run '\(program)': there is no folder '\(directory)'")
      }
      // Not every C library can change the folder while it starts a program; the shell can.
      file = "/bin/sh"
      arguments = ["sh", "-c", "cd -- \"$0\" && exec \"$@\"", directory] + arguments
    }
    if timeout != nil {
      flags |= Int16(POSIX_SPAWN_SETPGROUP)
      posix_spawnattr_setpgroup(&attributes, 0)
    }
    posix_spawnattr_setflags(&attributes, flags)
    var process: pid_t = 0
    let code = Self.withCStrings(arguments) { argv in
      Self.withCStrings(mergedEnvironment) { envp in
        posix_spawnp(&process, file, &actions, &attributes, argv, envp)
      }
    }
    guard code == 0 else {
      throw Failure("cannot run '\(program)': \(Platform.errorText(code).lowercased())")
    }
    return process
  }

  private var mergedEnvironment: [String] {
    var result: [String] = []
    let changed = Set(environment.map(\.name))
    let all: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    #if canImport(Darwin)
      all = _NSGetEnviron().pointee
    #else
      all = environ
    #endif
    if var next = all {
      while let entry = next.pointee {
        let text = String(cString: entry)
        let name = text.prefix { $0 != "=" }
        if !changed.contains(String(name)) { result.append(text) }
        next += 1
      }
    }
    for (name, value) in environment where !name.isEmpty {
      if let value { result.append("\(name)=\(value)") }
    }
    return result
  }

  private static func withCStrings<R>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R
  ) -> R {
    var pointers = strings.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { unreachable("the array has at least the nil") }
      return body(base)
    }
  }

  /// Reads until all pipes are closed; false if the deadline came first.
  private static func drain(_ pipes: inout [PipeCollector], until deadline: Double?) -> Bool {
    while pipes.contains(where: { !$0.isAtEnd }) {
      var wait: Int32 = -1
      if let deadline {
        let left = deadline - Platform.monotonicSeconds
        if left <= 0 { return false }
        wait = Int32(Swift.min(left * 1000, 1e6).rounded(.up))
      }
      var polls = pipes.map {
        pollfd(fd: $0.isAtEnd ? -1 : $0.descriptor, events: Int16(POLLIN), revents: 0)
      }
      guard poll(&polls, nfds_t(polls.count), wait) > 0 else { continue }
      for i in pipes.indices where polls[i].revents != 0 { pipes[i].readSome() }
    }
    return true
  }
}

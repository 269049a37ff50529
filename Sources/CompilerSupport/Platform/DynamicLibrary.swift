// SPDX-License-Identifier: Apache-2.0
#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A shared library loaded into this process. It is unloaded when the last reference goes, so keep
/// one for as long as any of its functions may be called.
public final class DynamicLibrary: @unchecked Sendable {
  /// The file it was loaded from.
  public let path: String
  private let handle: UnsafeMutableRawPointer

  /// Loads a library with all its symbols bound; a name without a slash means a file of the present
  /// folder. Throws what the loader says if it cannot.
  public init(_ path: String) throws(Failure) {
    try Platform.checkPath(path)
    let file = path.contains("/") ? path : "./" + path
    guard let handle = dlopen(file, RTLD_NOW | RTLD_LOCAL) else {
      let reason = dlerror().map { String(cString: $0) } ?? "unknown reason"
      throw Failure("cannot load the library: \(reason)", at: Origin(file: path))
    }
    self.path = path
    self.handle = handle
  }

  deinit { dlclose(handle) }

  /// The address of a symbol; throws if the library has none of that name.
  public func symbol(_ name: String) throws(Failure) -> UnsafeMutableRawPointer {
    guard let address = dlsym(handle, name) else {
      throw Failure("the library has no symbol '\(name)'", at: Origin(file: path))
    }
    return address
  }

  /// A function as a value of the `@convention(c)` type, which must be the one it was compiled
  /// with.
  public func function<F>(_ name: String, as type: F.Type) throws(Failure) -> F {
    let address = try symbol(name)
    precondition(MemoryLayout<F>.size == MemoryLayout<UnsafeRawPointer>.size, "a C function type")
    return unsafeBitCast(address, to: type)
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors

/// The side files of a text in which constants are found by digest; opened when the first is asked for.
struct SideFiles {
  private let open: (String) throws(Failure) -> Safetensors
  private(set) var names: [String] = []
  private var files: [(names: [String], tensors: Safetensors)]?

  init(_ open: @escaping (String) throws(Failure) -> Safetensors) { self.open = open }

  mutating func add(_ name: String) { names.append(name) }

  /// The tensor whose digest starts with these digits. Throws if there is none, or several.
  mutating func tensor(_ digest: String) throws(Failure) -> (digest: String, tensor: Tensor) {
    guard !names.isEmpty else {
      throw Failure(
        "the constant #\(digest) needs a side file, and the text names none",
        notes: ["write 'constants \"NAME.safetensors\"' in front of the graph"])
    }
    var found: (digest: String, tensor: Tensor)?
    for file in try opened() {
      var index = file.names.partitioningIndex { $0 >= digest }
      while index < file.names.count, file.names[index].hasPrefix(digest) {
        let name = file.names[index]
        guard found == nil || found?.digest == name else {
          throw Failure("several constants have a digest that starts with #\(digest)")
        }
        if found == nil { found = (name, try file.tensors.tensor(name)) }
        index += 1
      }
    }
    guard let found else {
      throw Failure("there is no constant #\(digest) in \(names.joined(separator: ", "))")
    }
    return found
  }

  private mutating func opened() throws(Failure) -> [(names: [String], tensors: Safetensors)] {
    if let files { return files }
    var all: [(names: [String], tensors: Safetensors)] = []
    for name in names {
      let tensors = try open(name)
      all.append((tensors.names.sorted(), tensors))
    }
    files = all
    return all
  }
}

extension Array {
  /// The first index whose element meets the condition, in an array in which all that do stand behind all that don't; `count` if none does.
  func partitioningIndex(where isBehind: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = low + (high - low) / 2
      if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Synchronization
import Tensors

/// The digest of a constant, computed when first asked for.
final class LazyDigest: Sendable {
  private let tensor: Tensor
  private let computed = Mutex<String?>(nil)

  init(_ tensor: Tensor) { self.tensor = tensor }

  var value: String {
    computed.withLock { known in
      if let known { return known }
      var hasher = Digest.Stream()
      hasher.update(Bytes(Array(tensor.type.description.utf8)))
      hasher.update(tensor.bytes)
      let digest = hasher.finish().hex
      known = digest
      return digest
    }
  }
}

extension Graph {
  /// The value of a constant with this content. Equal tensors are one constant; the first name stays.
  mutating func internConstant(_ tensor: Tensor, name: String) -> ValueID {
    let key = ContentKey(type: tensor.type, hash: Self.sampleHash(tensor.bytes))
    for candidate in constantsByContent[key] ?? [] where values.contains(candidate) {
      if values[candidate].constant?.tensor == tensor { return candidate }
    }
    let unique = constantNames.claim(name.isEmpty ? "c" : name)
    let value = values.append(
      ValueRecord(type: tensor.type, source: .constant, name: unique))
    values[value].constant = Constant(name: unique, tensor: tensor)
    constantsByContent[key, default: []].append(value)
    return value
  }

  /// A hash (FNV-1a) of some bytes in four places: few pages of mapped weights are touched; equality is decided on the
  /// bytes themselves.
  private static func sampleHash(_ bytes: Bytes) -> UInt64 {
    bytes.withUnsafeBytes { all in
      var hash: UInt64 = 0xcbf2_9ce4_8422_2325
      let window = min(256, all.count)
      for quarter in 0..<4 {
        let start = (all.count - window) / 3 * quarter
        for i in start..<start + window { hash = (hash ^ UInt64(all[i])) &* 0x100_0000_01b3 }
      }
      return hash
    }
  }
}

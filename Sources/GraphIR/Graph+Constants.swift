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

  /// A hash (FNV-1a) of up to 4 KiB of the bytes, taken evenly: cheap for mapped weights of any size; equality is
  /// decided on the bytes themselves.
  private static func sampleHash(_ bytes: Bytes) -> UInt64 {
    bytes.withUnsafeBytes { all in
      var hash: UInt64 = 0xcbf2_9ce4_8422_2325
      let step = max(1, all.count / 4096)
      var i = 0
      while i < all.count {
        hash = (hash ^ UInt64(all[i])) &* 0x100_0000_01b3
        i += step
      }
      return hash
    }
  }
}

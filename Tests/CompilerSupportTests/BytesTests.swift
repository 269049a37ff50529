// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Synchronization
import Testing

@Suite struct BytesTests {
  @Test func deferredBytesAreMadeAtEachUseAndKeptNowhere() {
    let counter = Counter()
    let bytes = Bytes(count: 8, deferred: {
      counter.add()
      return Bytes([1, 2, 3, 4, 5, 6, 7, 8])
    })
    #expect(bytes.count == 8 && counter.count == 0)
    #expect(bytes.withUnsafeBytes { Array($0) } == [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(counter.count == 1)
    #expect(bytes[2..<6].withElements(of: UInt16.self) { Array($0) } == [0x0403, 0x0605])
    #expect(bytes[7] == 8)
    #expect(bytes == Bytes([1, 2, 3, 4, 5, 6, 7, 8]))
    #expect(bytes[1..<1].withUnsafeBytes { $0.count } == 0)
  }

  @Test(arguments: [0..<20_000, 0..<20_001, 1..<20_000, 5_000..<5_001, 4_096..<12_288])
  func releasedPagesOfAFileAreReadAgain(_ range: Range<Int>) throws {
    let folder = try TemporaryFolder("bytes")
    let content = (0..<20_001).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try Platform.writeFile(folder.file("data"), Bytes(content))
    let bytes = try Platform.mapFile(folder.file("data"))
    #expect(bytes.withUnsafeBytes { Array($0) } == content)
    bytes[range].release()
    #expect(bytes.withUnsafeBytes { Array($0) } == content)
  }

  @Test func releasingOtherMemoryKeepsIt() {
    let bytes = Bytes((0..<100_000).map { UInt8(truncatingIfNeeded: $0) })
    bytes.release()
    #expect(bytes[99_999] == UInt8(truncatingIfNeeded: 99_999))
    Bytes().release()
  }
}

/// A number that a closure of any thread may raise.
private final class Counter: Sendable {
  private let value = Mutex(0)
  var count: Int { value.withLock { $0 } }
  func add() { value.withLock { $0 += 1 } }
}

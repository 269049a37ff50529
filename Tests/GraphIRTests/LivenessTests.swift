// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Testing

@Suite struct LivenessTests {
  @Test(arguments: [
    // The input of 16 bytes beside one result.
    ("graph @g(%x: f32[4]) -> (y: %y) {\n  %y = unary %x : f32[4]\n}", 32),
    // %a dies at %b, so two at a time; constants do not count.
    (
      """
      graph @g(%x: f32[4]) -> (y: %y) {
        @c = f32[4] [1, 2, 3, 4]
        %a = unary %x : f32[4]
        %b = binary %a, @c : f32[4]
        %y = unary %b : f32[4]
      }
      """, 32
    ),
    // %a is read last, and a result that nobody reads lives at its op.
    (
      """
      graph @g(%x: f32[4]) -> (y: %y) {
        %a = unary %x : f32[4]
        %b = unary %x : f32[4]
        %unread = binary %a, %a : f32[4]
        %y = binary %a, %b : f32[4]
      }
      """, 48
    ),
    // An output lives until the end.
    (
      """
      graph @g(%x: f32[4]) -> (y: %y, z: %z) {
        %z = unary %x : f32[4]
        %a = unary %x {function=tanh} : f32[4]
        %y = unary %a : f32[4]
      }
      """, 48
    ),
  ])
  func peak(_ text: String, _ bytes: Int) throws {
    #expect(try Graph.parse(text: text, file: "test").peakLiveBytes == bytes)
  }

  @Test func snapshotsWithOneRevisionAreTheSame() throws {
    var graph = try Graph.parse(
      text: "graph @g(%x: f32[4]) -> (y: %y) {\n  %y = unary %x : f32[4]\n}", file: "test")
    let before = graph.revision
    graph.rewrite { rw in rw.insertionPoint = rw.graph.opIDs.first }
    #expect(graph.revision == before)
    graph.rewrite { rw in rw.setLocation(of: rw.graph.opIDs[0], to: Location(["a"])) }
    #expect(graph.revision > before)
  }
}

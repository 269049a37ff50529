// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors
import Testing

@Suite struct MovementTests {
  static let targets = ["c99", "m4", "x86-64-v3", "x86-64-v4"]
  static let elements: [ElementType] = [.f32, .i8, .f16, .i64, .bool, .i4]

  /// Checks a graph from an input and from what a convolution made of it, which lies in blocks on
  /// targets with vectors.
  private func check(
    _ name: String, _ extents: [Int], on target: String,
    _ build: (inout SampleGraph, ValueID) throws -> ValueID
  ) throws {
    for element in Self.elements {
      try withoutActuallyEscaping(build) { build in
        try KernelSample("\(name) \(element)") { g in
          g.output(try build(&g, try g.input(element, extents)))
        }.check(on: target)
      }
    }
    guard extents.count == 4 else { return }
    try withoutActuallyEscaping(build) { build in
      try KernelSample("\(name) blocked") { g in
        let x = try g.input(.f32, extents)
        let weight = try g.constant(.f32, [extents[1], extents[1], 1, 1])
        let y = try g.op(Convolution(), x, weight)
        let moved = try build(&g, y)
        g.output(try g.op(Unary(.relu), moved))
        g.output(moved)
        g.output(try g.op(Convolution(), y, weight))
      }.check(on: target)
    }
  }

  @Test(arguments: targets) func reshapes(_ target: String) throws {
    for shape in [[-1], [1, 20, 7, 9], [20, -1], [3, 20, 21]] {
      try check("reshape \(shape)", [1, 20, 9, 7], on: target) { g, x in
        try g.op(Reshape(to: shape), x)
      }
    }
  }

  @Test(arguments: [[0, 2, 3, 1], [3, 2, 1, 0], [0, 1, 2, 3], [1, 0, 2, 3], [0, 1, 3, 2]], targets)
  func transposes(_ permutation: [Int], _ target: String) throws {
    for extents in [[2, 20, 3, 17], [1, 32, 1, 1]] {
      try check("transpose \(permutation) \(extents)", extents, on: target) { g, x in
        try g.op(Transpose(permutation), x)
      }
    }
  }

  @Test(arguments: targets) func slices(_ target: String) throws {
    let cases = [
      Slice(starts: [0, 16, 0, 0], sizes: [2, 17, 5, 18]),
      Slice(starts: [0, 0, 1, 1], sizes: [2, 33, 3, 16]),
      Slice(starts: [1, 3, 0, 0], sizes: [1, 20, 5, 18]),
      Slice(starts: [0, 32, 4, 17], sizes: [2, 2, 3, 5], steps: [1, -16, -2, -4]),
      Slice(starts: [0, 0, 0, 0], sizes: [2, 0, 5, 18]),
      Slice(starts: [0, 0, 0, 0], sizes: [2, 16, 5, 18]),
    ]
    for (number, slice) in cases.enumerated() {
      try check("slice \(number)", [2, 33, 5, 18], on: target) { g, x in try g.op(slice, x) }
    }
  }

  @Test(arguments: [PadMode.constant, .reflect, .edge, .wrap], targets)
  func paddings(_ mode: PadMode, _ target: String) throws {
    for (before, after) in [
      ([0, 0, 1, 2], [0, 0, 3, 17]), ([1, 2, 0, 0], [0, 1, 0, 1]), ([0, 0, 12, 0], [0, 0, 11, 0]),
      ([0, 0, 0, 0], [0, 0, 0, 0]),
    ] {
      let pad = Pad(before: before, after: after, mode: mode)
      try check("pad \(mode) \(before)", [1, 17, 4, 18], on: target) { g, x in try g.op(pad, x) }
      try KernelSample("pad with a value \(mode) \(before)") { g in
        let x = try g.input(.f16, [1, 17, 4, 18])
        g.output(try g.op(pad, x, mode == .constant ? try g.input(.f16, [1]) : nil))
      }.check(on: target)
    }
  }

  @Test(arguments: targets) func concatenations(_ target: String) throws {
    for (axis, other) in [
      (1, [1, 16, 4, 5]), (1, [1, 7, 4, 5]), (2, [1, 16, 3, 5]), (3, [1, 16, 4, 2]),
    ] {
      try check("concat \(axis) \(other)", [1, 16, 4, 5], on: target) { g, x in
        let element = g.element(of: x)
        let y = try g.input(element, other)
        let z = try g.constant(element, other)
        return try g.op(Concat(axis: axis), x, y, x, z)
      }
    }
    // Nested, with parts that are computed in place.
    try KernelSample("nested concat") { g in
      let x = try g.input(.f32, [1, 16, 6, 6])
      let weight = try g.constant(.f32, [32, 16, 1, 1])
      let parts = try (0..<3).map { _ in
        try g.op(Unary(.relu), try g.op(Convolution(), x, weight))
      }
      let inner = try g.op(Concat(axis: 1), parts[0], parts[1])
      let outer = try g.op(Concat(axis: 1), inner, parts[2], try g.op(Unary(.abs), x))
      g.output(outer)
      g.output(inner)
      g.output(try g.op(Reshape(to: [1, -1]), outer))
    }.check(on: target)
  }

  @Test(arguments: [0, 1, 3], targets)
  func gathers(_ axis: Int, _ target: String) throws {
    for (extents, indices) in [([2, 3], 3), ([], 1), ([17], 0)] as [([Int], Int)] {
      try check("gather \(axis) \(extents)", [3, 5, 2, 17], on: target) { g, x in
        var picked = try g.input(.i64, extents)
        let size = g.constant(Double([3, 5, 2, 17][axis]), .i64)
        picked = try g.op(Binary(.fmod), picked, size)
        if indices == 3 { picked = try g.op(Cast(to: .i32), picked) }
        return try g.op(Gather(axis: axis), x, picked)
      }
    }
  }

  /// A function of 8 bits, and narrow indices into other tables.
  @Test(arguments: [ElementType.i8, .u8, .i16], targets)
  func lookups(_ element: ElementType, _ target: String) throws {
    try KernelSample("lookup \(element)") { g in
      let indices = try g.input(element, [2, 3, 5, 7])
      if element.bitCount == 8 {
        for table in [ElementType.i8, .i16, .f32] {
          g.output(try g.op(Gather(axis: 0), try g.constant(table, [256]), indices))
        }
      }
      let few = try g.op(Binary(.fmod), indices, g.constant(11, element))
      g.output(try g.op(Gather(axis: 1), try g.input(.i8, [2, 11]), few))
    }.check(on: target)
  }

  @Test(arguments: targets) func broadcasts(_ target: String) throws {
    for (extents, shape) in [
      ([1, 3, 1, 18], [2, 3, 4, 18]), ([7], [3, 7]), ([3, 1], [2, 3, 19]), ([], [5]),
    ] {
      try check("broadcast \(shape)", extents, on: target) { g, x in
        try g.op(Broadcast(to: shape), x)
      }
    }
  }
}

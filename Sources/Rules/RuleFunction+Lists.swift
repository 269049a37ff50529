// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR

// Functions of lists.
extension RuleFunction {
  static let lists: [RuleFunction] = [
    RuleFunction("length", "list", [.list], .fixed(.int), "the number of entries") {
      (args, _) throws(Declined) in .int((args[0].doubles ?? []).count)
    },
    RuleFunction(
      "entry", "list, position", [.list, .int], .entry, "the entry at a position; -1 is the last"
    ) { (args, _) throws(Declined) in
      if case .ints(let list) = args[0] { return .int(list[try place(try args.int(1), list.count)]) }
      let list = args[0].doubles ?? []
      return .number(list[try place(try args.int(1), list.count)])
    },
    RuleFunction(
      "range", "count", [.int], .fixed(.ints), "[0, 1, …, count − 1]: the permutation that moves nothing"
    ) { (args, _) throws(Declined) in
      .ints(Array(0..<(try length(try args.int(0)))))
    },
    RuleFunction(
      "fill", "count, entry", [.int, .int], .fixed(.ints), "a list of equal integers"
    ) { (args, _) throws(Declined) in
      .ints(Array(repeating: try args.int(1), count: try length(try args.int(0))))
    },
    RuleFunction("join", "a, b", [.ints, .ints], .fixed(.ints), "the entries of a, then those of b") {
      (args, _) throws(Declined) in
      let joined = try args.ints(0) + args.ints(1)
      _ = try length(joined.count)
      return .ints(joined)
    },
    RuleFunction(
      "part", "list, from, count", [.ints, .int, .int], .fixed(.ints),
      "so many entries from a position on"
    ) { (args, _) throws(Declined) in
      let (list, from, count) = (try args.ints(0), try args.int(1), try args.int(2))
      guard from >= 0, from <= list.count, count >= 0, count <= list.count - from else {
        throw Declined("\(list.text) has no \(count) entries from \(from) on")
      }
      return .ints(Array(list[from..<from + count]))
    },
    RuleFunction("reverse", "list", [.ints], .fixed(.ints), "the entries from the last to the first") {
      (args, _) throws(Declined) in .ints(try args.ints(0).reversed())
    },
    RuleFunction("sorted", "list", [.ints], .fixed(.ints), "the entries, the smallest first") {
      (args, _) throws(Declined) in .ints(try args.ints(0).sorted())
    },
    RuleFunction(
      "pick", "list, positions", [.ints, .ints], .fixed(.ints), "the entries at positions"
    ) { (args, _) throws(Declined) in .ints(try pick(try args.ints(0), try args.ints(1))) },
    RuleFunction(
      "compose", "first, second", [.ints, .ints], .fixed(.ints),
      "the permutation of two transposes in a row"
    ) { (args, _) throws(Declined) in
      let (first, second) = (try permutation(try args.ints(0)), try permutation(try args.ints(1)))
      return .ints(try pick(first, second))
    },
    RuleFunction("inverse", "permutation", [.ints], .fixed(.ints), "the permutation that undoes it") {
      (args, _) throws(Declined) in
      let forward = try permutation(try args.ints(0))
      var inverse = forward
      for (position, axis) in forward.enumerated() { inverse[axis] = position }
      return .ints(inverse)
    },
    RuleFunction(
      "positions", "list, entry", [.ints, .int], .fixed(.ints), "where the entry stands in the list"
    ) { (args, _) throws(Declined) in
      let (list, entry) = (try args.ints(0), try args.int(1))
      return .ints(list.indices.filter { list[$0] == entry })
    },
    RuleFunction(
      "without", "a, b", [.ints, .ints], .fixed(.ints), "the entries of a that b does not have"
    ) { (args, _) throws(Declined) in
      let removed = Set(try args.ints(1))
      return .ints(try args.ints(0).filter { !removed.contains($0) })
    },
    RuleFunction(
      "put", "list, positions, entries", [.ints, .ints, .ints], .fixed(.ints),
      "the list with other entries at positions"
    ) { (args, _) throws(Declined) in
      var list = try args.ints(0)
      let (positions, entries) = (try args.ints(1), try args.ints(2))
      guard positions.count == entries.count else {
        throw Declined("\(positions.count) positions for \(entries.count) entries")
      }
      for (position, entry) in zip(positions, entries) {
        list[try place(position, list.count)] = entry
      }
      return .ints(list)
    },
    RuleFunction("sum", "list", [.ints], .fixed(.int), "the sum of the entries, 0 of none") {
      (args, _) throws(Declined) in try fold(.add, 0, try args.ints(0))
    },
    RuleFunction("product", "list", [.ints], .fixed(.int), "the product of the entries, 1 of none") {
      (args, _) throws(Declined) in try fold(.multiply, 1, try args.ints(0))
    },
    RuleFunction(
      "all", "list, entry", [.list, .scalar], .fixed(.bool), "whether every entry is the given one"
    ) { (args, _) throws(Declined) in
      let entry = try args.number(1)
      return .bool((args[0].doubles ?? []).allSatisfy { $0 == entry })
    },
    RuleFunction("ascending", "list", [.list], .fixed(.bool), "whether each entry is larger than the one before") {
      (args, _) throws(Declined) in
      let list = args[0].doubles ?? []
      return .bool(zip(list, list.dropFirst()).allSatisfy(<))
    },
  ]

  private static func place(_ position: Int, _ count: Int) throws(Declined) -> Int {
    guard position >= -count, position < count else {
      throw Declined("a list of \(count) entries has none at \(position)")
    }
    return position < 0 ? position + count : position
  }

  private static func length(_ count: Int) throws(Declined) -> Int {
    guard count >= 0, count <= RuleArithmetic.listLimit else {
      throw Declined("there is no list of \(count) entries")
    }
    return count
  }

  private static func pick(_ list: [Int], _ positions: [Int]) throws(Declined) -> [Int] {
    var picked: [Int] = []
    for position in positions { picked.append(list[try place(position, list.count)]) }
    return picked
  }

  private static func permutation(_ list: [Int]) throws(Declined) -> [Int] {
    guard list.sorted() == Array(list.indices) else {
      throw Declined("\(list.text) is no permutation")
    }
    return list
  }

  private static func fold(
    _ operation: RuleArithmetic, _ start: Int, _ list: [Int]
  ) throws(Declined) -> RuleValue {
    var result = RuleValue.int(start)
    for entry in list { result = try operation.apply(result, .int(entry)) }
    return result
  }
}

// SPDX-License-Identifier: Apache-2.0

/// A typed 32-bit name of an entity that lives in an `Arena`. `Entity` only keeps handles of
/// different kinds apart; no value of it is ever stored.
public struct Handle<Entity>: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The position in the arena.
  public let index: Int32

  /// The handle of the entity at `index`.
  @inlinable public init(index: Int) { self.index = Int32(truncatingIfNeeded: index) }

  @inlinable public static func < (a: Self, b: Self) -> Bool { a.index < b.index }

  public var description: String { "#\(index)" }
}

/// Entities of one kind, addressed by handle. Handles are never reused: an erased entity leaves a
/// tombstone, so that a stale handle is noticed.
public struct Arena<Entity: Sendable>: Sendable {
  public typealias ID = Handle<Entity>

  @usableFromInline var slots: [Entity?] = []

  /// An arena without entities.
  public init() {}

  /// The number of handles given out, erased ones included.
  @inlinable public var capacity: Int { slots.count }

  /// Adds an entity and returns its handle.
  @inlinable public mutating func append(_ entity: Entity) -> ID {
    slots.append(entity)
    return ID(index: slots.count - 1)
  }

  /// The entity of a handle of this arena. A stale handle is a bug of the compiler and traps.
  @inlinable public subscript(id: ID) -> Entity {
    get { slots[Int(id.index)]! }
    _modify { yield &slots[Int(id.index)]! }
  }

  /// Whether the handle names an entity that is still there.
  @inlinable public func contains(_ id: ID) -> Bool {
    id.index >= 0 && Int(id.index) < slots.count && slots[Int(id.index)] != nil
  }

  /// Removes an entity; its handle is not given out again.
  @inlinable public mutating func erase(_ id: ID) { slots[Int(id.index)] = nil }

  /// The handles of all entities, in the order of their making.
  public var ids: [ID] {
    slots.indices.compactMap { slots[$0] == nil ? nil : ID(index: $0) }
  }
}

/// A value beside each entity of an arena, found by handle; absent entries read as the default.
public struct SideTable<Entity, Value> {
  @usableFromInline var values: [Value] = []
  @usableFromInline let absent: Value

  /// A table in which every entry is `absent` until it is set.
  public init(default absent: Value) { self.absent = absent }

  @inlinable public subscript(id: Handle<Entity>) -> Value {
    get { Int(id.index) < values.count ? values[Int(id.index)] : absent }
    set {
      while values.count <= Int(id.index) { values.append(absent) }
      values[Int(id.index)] = newValue
    }
  }
}

extension SideTable: Sendable where Value: Sendable {}

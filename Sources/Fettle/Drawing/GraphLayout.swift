// SPDX-License-Identifier: Apache-2.0

/// Where the boxes of a picture go: in rows from top to bottom, each below all that it has arrows from; in a row so that arrows cross
/// little (the layered method of Sugiyama, Tagawa and Toda 1981, with barycenters). Arrows over several rows get a lane of their own.
struct GraphLayout {
  /// A box, by its centre and its size, or a point of an arrow's lane.
  struct Place {
    var x: Double
    var y: Double
    let width: Double
    let height: Double
  }

  /// The places of the boxes, by their numbers.
  private(set) var boxes: [Place] = []
  /// The points of each arrow, from the lower edge of a box to the upper edge of another.
  private(set) var paths: [[(x: Double, y: Double)]] = []
  private(set) var width = 0.0
  private(set) var height = 0.0

  static let lineHeight = 15.0
  private static let characterWidth = 7.0
  private static let gap = (x: 24.0, y: 36.0)
  private static let margin = 20.0
  /// Arrows over more rows run straight: lanes of thousands of rows would be most of the picture.
  private static let longestLane = 64
  private static let sweeps = 4

  private let picture: GraphPicture
  /// The row of each place; boxes first, then the points of lanes.
  private var rows: [Int]
  private var places: [Place]
  private var above: [[Int]]
  private var below: [[Int]]
  /// The points of each arrow's lane.
  private var lanes: [[Int]]

  init(_ picture: GraphPicture) {
    self.picture = picture
    rows = Self.rows(picture)
    places = picture.nodes.map { node in
      let longest = node.lines.map(\.count).max() ?? 0
      return Place(
        x: 0, y: 0, width: Double(longest) * Self.characterWidth + 16,
        height: Double(node.lines.count) * Self.lineHeight + 10)
    }
    above = picture.nodes.map { _ in [] }
    below = above
    lanes = []
    for edge in picture.edges { addLane(edge) }
    place()
    boxes = Array(places[..<picture.nodes.count])
    paths = zip(picture.edges, lanes).map { edge, lane in path(edge, lane) }
  }

  /// The row of each box: one below the lowest that it has an arrow from; a constant just above its first reader.
  private static func rows(_ picture: GraphPicture) -> [Int] {
    var rows = [Int](repeating: 0, count: picture.nodes.count)
    // Boxes stand behind what they read, so the arrows into a box are complete before those out of it are asked for.
    var incoming = picture.nodes.map { _ in [Int]() }
    var readers = incoming
    for edge in picture.edges {
      incoming[edge.to].append(edge.from)
      readers[edge.from].append(edge.to)
    }
    for node in picture.nodes.indices {
      rows[node] = (incoming[node].map { rows[$0] + 1 }.max() ?? 0)
    }
    for node in picture.nodes.indices where incoming[node].isEmpty {
      if let first = readers[node].map({ rows[$0] }).min() { rows[node] = max(0, first - 1) }
    }
    return rows
  }

  private mutating func addLane(_ edge: GraphPicture.Edge) {
    let span = rows[edge.to] - rows[edge.from]
    var lane: [Int] = []
    var last = edge.from
    if span > 1, span <= Self.longestLane {
      for row in rows[edge.from] + 1..<rows[edge.to] {
        let point = places.count
        places.append(Place(x: 0, y: 0, width: 8, height: 0))
        rows.append(row)
        above.append([])
        below.append([])
        link(last, point)
        lane.append(point)
        last = point
      }
    }
    link(last, edge.to)
    lanes.append(lane)
  }

  private mutating func link(_ upper: Int, _ lower: Int) {
    below[upper].append(lower)
    above[lower].append(upper)
  }

  private mutating func place() {
    var members = [[Int]](repeating: [], count: (rows.max() ?? 0) + 1)
    for place in places.indices { members[rows[place]].append(place) }
    for row in members.indices { spread(members[row], around: nil) }
    for sweep in 0..<Self.sweeps {
      let isDown = sweep % 2 == 0
      for row in isDown ? Array(members.indices) : members.indices.reversed() {
        let neighbours = isDown ? above : below
        let wishes = members[row].map { place -> Double in
          let linked = neighbours[place]
          guard !linked.isEmpty else { return places[place].x }
          return linked.reduce(0) { $0 + places[$1].x } / Double(linked.count)
        }
        // Ties keep their order, so that the picture is the same every time.
        let order = members[row].indices.sorted { (wishes[$0], $0) < (wishes[$1], $1) }
        members[row] = order.map { members[row][$0] }
        spread(members[row], around: order.map { wishes[$0] })
      }
    }
    let left = places.map { $0.x - $0.width / 2 }.min() ?? 0
    var top = Self.margin
    for row in members {
      let tallest = row.map { places[$0].height }.max() ?? 0
      for place in row {
        places[place].x += Self.margin - left
        places[place].y = top + tallest / 2
      }
      top += tallest + Self.gap.y
    }
    width = (places.map { $0.x + $0.width / 2 }.max() ?? 0) + Self.margin
    height = top - Self.gap.y + Self.margin
  }

  /// Puts the places of a row side by side, as near as can be to where they would like to be.
  private mutating func spread(_ row: [Int], around wishes: [Double]?) {
    var edge = -Double.infinity
    var drift = 0.0
    for (i, place) in row.enumerated() {
      let half = places[place].width / 2
      let wish = wishes?[i] ?? 0
      places[place].x = max(wish, edge + Self.gap.x + half)
      if edge == -Double.infinity { places[place].x = wish }
      edge = places[place].x + half
      drift += places[place].x - wish
    }
    // All together back by what they were pushed to the right on the average.
    let shift = row.isEmpty ? 0 : drift / Double(row.count)
    for place in row { places[place].x -= shift }
  }

  private func path(_ edge: GraphPicture.Edge, _ lane: [Int]) -> [(x: Double, y: Double)] {
    let from = places[edge.from]
    let to = places[edge.to]
    return [(from.x, from.y + from.height / 2)] + lane.map { (places[$0].x, places[$0].y) }
      + [(to.x, to.y - to.height / 2)]
  }
}

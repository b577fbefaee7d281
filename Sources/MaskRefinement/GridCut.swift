/// Parts a grid of pixels in two at the least cost: what neighbours pay for being parted, and what each pixel pays for its
/// side.
///
/// A maximal flow from a source to a sink through the grid, eight neighbours a pixel, by two search trees that are kept
/// from path to path. Capacities are whole numbers, so the result is exact.
///
/// Source: Boykov and Kolmogorov 2004, "An Experimental Comparison of Min-Cut/Max-Flow Algorithms for Energy Minimization
/// in Vision".
package struct GridCut {
  /// Directions of the neighbours: east, south-east, south, south-west, then their opposites in the same order.
  package static let steps: [(x: Int, y: Int)] = [(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)]

  private static let none: Int8 = -1
  private static let terminal: Int8 = 8
  private static let orphan: Int8 = 9

  package let width: Int
  package let height: Int
  /// A frame of pixels that nothing flows through spares all checks at the edges.
  private let stride: Int
  private let offsets: [Int]
  /// What can still flow to each neighbour.
  private var capacities: [Int32]
  /// What can still flow from the source (positive) or to the sink (negative).
  private var terminals: [Int32]
  /// Direction of the parent in the tree.
  private var parents: [Int8]
  private var isSink: [Bool]
  /// When the distance to the root was found, and how far it is.
  private var stamps: [Int32]
  private var distances: [Int32]
  private var isActive: [Bool]
  private var active: [Int32] = []
  private var firstActive = 0
  private var orphans: [Int32] = []
  private var firstOrphan = 0
  private var time: Int32 = 0
  /// The flow so far, that is the cost of the cut once it is solved.
  package private(set) var flow = 0

  package init(width: Int, height: Int) {
    self.width = width
    self.height = height
    stride = width + 2
    let count = (width + 2) * (height + 2)
    let stride = stride
    offsets = Self.steps.map { $0.y * stride + $0.x }
    capacities = Array(repeating: 0, count: 8 * count)
    terminals = Array(repeating: 0, count: count)
    parents = Array(repeating: Self.none, count: count)
    isSink = Array(repeating: false, count: count)
    stamps = Array(repeating: 0, count: count)
    distances = Array(repeating: 0, count: count)
    isActive = Array(repeating: false, count: count)
  }

  private func node(_ x: Int, _ y: Int) -> Int { (y + 1) * stride + x + 1 }

  /// What a pixel pays for being outside (on the side of the sink) and for being inside; not negative.
  package mutating func setCosts(_ x: Int, _ y: Int, outside: Int32, inside: Int32) {
    flow += Int(min(outside, inside))
    terminals[node(x, y)] = outside - inside
  }

  /// What a pixel and its neighbour pay for being parted; not negative.
  /// - Parameter direction: index into ``steps``; the neighbour is in the grid.
  package mutating func setCost(_ x: Int, _ y: Int, direction: Int, _ cost: Int32) {
    let node = node(x, y)
    capacities[8 * node + direction] = cost
    capacities[8 * (node + offsets[direction]) + (direction ^ 4)] = cost
  }

  /// Whether the pixel is inside, once it is solved.
  package func isInside(_ x: Int, _ y: Int) -> Bool {
    let node = node(x, y)
    return parents[node] != Self.none && !isSink[node]
  }

  /// Finds the cut. To be called once.
  package mutating func solve() {
    for node in terminals.indices where terminals[node] != 0 {
      isSink[node] = terminals[node] < 0
      parents[node] = Self.terminal
      distances[node] = 1
      activate(node)
    }
    while let node = nextActive() {
      while parents[node] != Self.none, let meeting = grown(node) {
        time += 1
        augment(meeting)
        adopt()
      }
      time += 1
    }
  }

  private mutating func activate(_ node: Int) {
    guard !isActive[node] else { return }
    isActive[node] = true
    active.append(Int32(node))
  }

  private mutating func nextActive() -> Int? {
    while firstActive < active.count {
      let node = Int(active[firstActive])
      firstActive += 1
      isActive[node] = false
      if firstActive > 4096, 2 * firstActive > active.count {
        active.removeFirst(firstActive)
        firstActive = 0
      }
      if parents[node] != Self.none { return node }
    }
    return nil
  }

  /// Where the trees touch: from a node of the source's tree in a direction to one of the sink's.
  private typealias Meeting = (node: Int, direction: Int)

  /// Adds the free neighbours of a node to its tree, until it touches the other tree.
  private mutating func grown(_ node: Int) -> Meeting? {
    let side = isSink[node]
    for direction in 0..<8 {
      let other = node + offsets[direction]
      let capacity = side ? capacities[8 * other + (direction ^ 4)] : capacities[8 * node + direction]
      guard capacity > 0 else { continue }
      if parents[other] == Self.none {
        isSink[other] = side
      } else if isSink[other] != side {
        return side ? (other, direction ^ 4) : (node, direction)
      } else {
        // A shorter way to the root.
        guard stamps[other] <= stamps[node], distances[other] > distances[node] else { continue }
        parents[other] = Int8(direction ^ 4)
        stamps[other] = stamps[node]
        distances[other] = distances[node] + 1
        continue
      }
      parents[other] = Int8(direction ^ 4)
      stamps[other] = stamps[node]
      distances[other] = distances[node] + 1
      activate(other)
    }
    return nil
  }

  private mutating func augment(_ meeting: Meeting) {
    let (source, direction) = meeting
    let sink = source + offsets[direction]
    var amount = capacities[8 * source + direction]
    var node = source
    while parents[node] != Self.terminal {
      let parent = Int(parents[node])
      node += offsets[parent]
      amount = min(amount, capacities[8 * node + (parent ^ 4)])
    }
    amount = min(amount, terminals[node])
    node = sink
    while parents[node] != Self.terminal {
      let parent = Int(parents[node])
      amount = min(amount, capacities[8 * node + parent])
      node += offsets[parent]
    }
    amount = min(amount, -terminals[node])
    capacities[8 * source + direction] -= amount
    capacities[8 * sink + (direction ^ 4)] += amount
    push(amount, from: source)
    push(amount, to: sink)
    flow += Int(amount)
  }

  private mutating func push(_ amount: Int32, from source: Int) {
    var node = source
    while parents[node] != Self.terminal {
      let parent = Int(parents[node])
      let above = node + offsets[parent]
      capacities[8 * node + parent] += amount
      capacities[8 * above + (parent ^ 4)] -= amount
      if capacities[8 * above + (parent ^ 4)] == 0 { cutOff(node) }
      node = above
    }
    terminals[node] -= amount
    if terminals[node] == 0 { cutOff(node) }
  }

  private mutating func push(_ amount: Int32, to sink: Int) {
    var node = sink
    while parents[node] != Self.terminal {
      let parent = Int(parents[node])
      let above = node + offsets[parent]
      capacities[8 * above + (parent ^ 4)] += amount
      capacities[8 * node + parent] -= amount
      if capacities[8 * node + parent] == 0 { cutOff(node) }
      node = above
    }
    terminals[node] += amount
    if terminals[node] == 0 { cutOff(node) }
  }

  private mutating func cutOff(_ node: Int) {
    parents[node] = Self.orphan
    orphans.append(Int32(node))
  }

  /// Finds new parents for the nodes that were cut off, or sets them free.
  private mutating func adopt() {
    while firstOrphan < orphans.count {
      let node = Int(orphans[firstOrphan])
      firstOrphan += 1
      adopt(node)
    }
    orphans.removeAll(keepingCapacity: true)
    firstOrphan = 0
  }

  private mutating func adopt(_ node: Int) {
    let side = isSink[node]
    var (best, shortest) = (Self.none, Int32.max)
    for direction in 0..<8 {
      let other = node + offsets[direction]
      let capacity = side ? capacities[8 * node + direction] : capacities[8 * other + (direction ^ 4)]
      guard capacity > 0, isSink[other] == side, parents[other] != Self.none else { continue }
      guard let distance = distanceToRoot(other), distance < shortest else { continue }
      (best, shortest) = (Int8(direction), distance)
    }
    parents[node] = best
    if best != Self.none {
      stamps[node] = time
      distances[node] = shortest + 1
      return
    }
    for direction in 0..<8 {
      let other = node + offsets[direction]
      guard isSink[other] == side, parents[other] != Self.none else { continue }
      let capacity = side ? capacities[8 * node + direction] : capacities[8 * other + (direction ^ 4)]
      if capacity > 0 { activate(other) }
      if parents[other] == Int8(direction ^ 4) { cutOff(other) }
    }
  }

  /// - Returns: `nil` where the way up ends at a node that was cut off.
  private mutating func distanceToRoot(_ start: Int) -> Int32? {
    var node = start
    var distance: Int32 = 0
    while stamps[node] != time {
      let parent = parents[node]
      distance += 1
      if parent == Self.terminal {
        stamps[node] = time
        distances[node] = 1
        distance -= 1
        break
      }
      if parent == Self.orphan { return nil }
      node += offsets[Int(parent)]
    }
    distance += distances[node]
    let total = distance
    node = start
    while stamps[node] != time {
      stamps[node] = time
      distances[node] = distance
      distance -= 1
      node += offsets[Int(parents[node])]
    }
    return total
  }
}

public import Geometry
import MultiView

/// Notices that the camera is back where it was, measures how far the map has drifted meanwhile, and takes the drift out.
///
/// A key frame's features are recognised among the points of an older place; that gives the key frame a pose there, and
/// points that both places have give the scale. Then the graph of all key frames gives way, points follow the key
/// frame that saw them first, and points that are one are joined.
///
/// Source: Mur-Artal, Montiel, Tardós 2015, "ORB-SLAM", §VII.
public struct LoopCloser: Sendable {
  let camera: CameraModel
  /// Key frames before a new one that cannot be a loop.
  private static let exclusion = 12
  /// Points that both places must have.
  private static let minimalPairs = 15
  /// Points in the right place that make a loop certain at once; with fewer the next key frame must agree.
  private static let certain = 60
  /// Points that two key frames share for an edge between them.
  private static let minimalShared = 20
  /// Edges to older key frames, beside that to the one before. With all of them a loop in a room that was seen from
  /// everywhere takes seconds.
  private static let maximalNeighbours = 12

  /// Where a key frame is according to an older place.
  public struct Loop: Sendable {
    /// The key frame that was recognised.
    public var keyFrame: Int
    /// The key frame that shows it again.
    public var newer: Int
    /// The newer part of the map, or another map, as the older place has it.
    public var oldFromNew: Sim3
    /// Points of both that are one.
    public var pairs: [(old: Int, new: Int)]
    public var inlierCount: Int
  }

  /// A loop that was seen once, and waits to be seen again.
  private var pending: (loop: Loop, newest: Int)?
  var isPending: Bool { pending != nil }

  public init(camera: CameraModel) { self.camera = camera }

  /// Older key frames that may show the same as one, the most similar first.
  public mutating func candidates(for keyFrame: Int, in map: SLAMMap) -> [Int] {
    forgetPending(before: keyFrame)
    guard keyFrame > Self.exclusion else { return [] }
    let near = map.sharedPoints(with: keyFrame)
    let known = Set(near.indices.filter { near[$0] >= 10 })
    return recogniser.candidates(like: map.keyFrames[keyFrame].features, in: map) { other in
      other < keyFrame - Self.exclusion && !(other - 2...other + 2).contains { known.contains($0) }
    }
  }

  /// The loop that a key frame closes with one of its candidates, once it is certain.
  public mutating func loop(of keyFrame: Int, near candidate: Int, in map: SLAMMap) -> Loop? {
    guard let found = recogniser.place(of: map.keyFrames[keyFrame].features, near: candidate, in: map),
      let loop = measured(found, keyFrame, of: map, in: map)
    else { return nil }
    return confirmed(loop, keyFrame)
  }

  private var recogniser: PlaceRecogniser {
    PlaceRecogniser(camera: camera, candidateCount: 2, seeksOtherScales: false)
  }

  /// How a key frame of one map lies in another, once it is certain.
  public mutating func loop(from map: SLAMMap, to older: SLAMMap) -> Loop? {
    let newest = map.keyFrames.count - 1
    forgetPending(before: newest)
    guard let found = recogniser.place(of: map.keyFrames[newest].features, in: older),
      let loop = measured(found, newest, of: map, in: older)
    else { return nil }
    return confirmed(loop, newest)
  }

  /// Key frames that may pass until a loop is seen again.
  private static let patience = 3

  private mutating func forgetPending(before newest: Int) {
    if let pending, newest - pending.newest > Self.patience { self.pending = nil }
  }

  /// Many points, or a second key frame soon after that says the same.
  private mutating func confirmed(_ loop: Loop, _ newest: Int) -> Loop? {
    let earlier = pending
    pending = (loop, newest)
    if loop.inlierCount >= Self.certain {
      pending = nil
      return loop
    }
    guard let earlier else { return nil }
    let difference = earlier.loop.oldFromNew.inverse * loop.oldFromNew
    guard abs(difference.scale - 1) < 0.1, difference.rotation.angle < 0.05 else { return nil }
    pending = nil
    return loop
  }

  /// The similarity between both places: pose from the older points, scale from points that both have.
  private func measured(_ place: PlaceRecogniser.Place, _ keyFrame: Int, of map: SLAMMap, in older: SLAMMap) -> Loop? {
    let frame = map.keyFrames[keyFrame]
    var ratios: [Double] = []
    var pairs: [(old: Int, new: Int)] = []
    for match in place.seen {
      let owner = frame.features.owners[match.feature]
      guard owner >= 0, owner != match.point, let new = map.points[owner], let old = older.points[match.point]
      else { continue }
      pairs.append((match.point, owner))
      ratios.append((place.cameraFromWorld * old.position).z / (frame.cameraFromWorld * new.position).z)
    }
    guard pairs.count >= Self.minimalPairs else { return nil }
    let scale = ratios.sorted()[ratios.count / 2]
    // Half of the points at least must have that scale, or both places only look alike.
    let agreeing = ratios.indices.filter { abs(ratios[$0] / scale - 1) < 0.1 }
    guard scale > 0.01, 2 * agreeing.count >= pairs.count, agreeing.count >= Self.minimalPairs else { return nil }
    let oldFromCamera = Sim3(
      scale: scale, rotation: place.cameraFromWorld.rotation.inverse,
      translation: place.cameraFromWorld.inverse.translation)
    return Loop(
      keyFrame: place.keyFrame, newer: keyFrame, oldFromNew: oldFromCamera * Sim3(frame.cameraFromWorld),
      pairs: agreeing.map { pairs[$0] }, inlierCount: place.seen.count)
  }

  /// Takes the drift out that a loop shows.
  /// - Returns: what was joined, and by how much lengths at each key frame grew.
  @discardableResult
  public func close(_ loop: Loop, in map: inout SLAMMap) -> (renamed: [(from: Int, to: Int)], growth: [Double]) {
    let newest = map.keyFrames.count - 1
    let growth = bend(&map, loop)
    var renamed: [(from: Int, to: Int)] = []
    for pair in loop.pairs {
      let (gone, kept) = (max(pair.old, pair.new), min(pair.old, pair.new))
      if map.join(gone, into: kept, camera: camera, tolerance: 15) { renamed.append((gone, kept)) }
    }
    let linker = PointLinker(camera: camera, radius: 12)
    for keyFrame in max(0, newest - 4)...newest where !map.keyFrames[keyFrame].isThinned {
      renamed += linker.link(map.unseenPoints(by: keyFrame, limit: 3_000), into: keyFrame, of: &map).renamed
    }
    return (renamed, growth)
  }

  /// Optimises the graph of the key frames that points hold, with the loop as one more edge, and moves points and the
  /// other key frames with them.
  /// - Returns: by how much lengths at each key frame grew.
  private func bend(_ map: inout SLAMMap, _ loop: Loop) -> [Double] {
    let nodes = map.places.keyFrames
    let worldFromNode = nodes.map { Sim3(map.keyFrames[$0].cameraFromWorld.inverse) }
    guard let old = map.places.position(of: loop.keyFrame), let new = map.places.position(of: loop.newer) else {
      return [Double](repeating: 1, count: map.keyFrames.count)
    }
    var graph = PoseGraph(worldFromNode: worldFromNode, isFixed: nodes.indices.map { $0 == old }, edges: [])
    for (node, keyFrame) in nodes.enumerated() {
      let depth = map.medianDepth(of: keyFrame)
      let shared = map.sharedPoints(with: keyFrame)
      for other in neighbours(node, nodes.prefix(node).map { shared[$0] }) {
        graph.edges.append(edge(other, node, worldFromNode[other].inverse * worldFromNode[node], depth))
      }
    }
    let measured = worldFromNode[old].inverse * loop.oldFromNew * worldFromNode[new]
    var closing = edge(old, new, measured, map.medianDepth(of: loop.keyFrame))
    closing.information *= 10
    graph.edges.append(closing)
    graph.optimise(iterations: 20)
    var corrections: [Sim3] = []
    var next = 0
    for keyFrame in map.keyFrames.indices {
      if next < nodes.count, nodes[next] == keyFrame {
        corrections.append(graph.worldFromNode[next] * worldFromNode[next].inverse)
        next += 1
      } else {
        corrections.append(corrections.last ?? .identity)
      }
    }
    map.move(by: corrections)
    return corrections.map(\.scale)
  }

  /// The nodes before one that an edge joins it with: the last, and those with which it shares most points.
  /// - Parameter shared: points that it shares with each of them.
  private func neighbours(_ node: Int, _ shared: [Int]) -> [Int] {
    let close = shared.indices.filter { shared[$0] >= Self.minimalShared && $0 != node - 1 }
      .sorted { (shared[$1], $0) < (shared[$0], $1) }
    return (close.prefix(Self.maximalNeighbours) + (node > 0 ? [node - 1] : [])).sorted()
  }

  /// An edge that is as sure as steps between key frames are: a hundredth of the depth, and of a radian.
  private func edge(_ a: Int, _ b: Int, _ aFromB: Sim3, _ depth: Double) -> PoseGraph.Edge {
    PoseGraph.Edge(a: a, b: b, aFromB: aFromB, information: SIMD3(1e4 / (depth * depth), 1e4, 1e4))
  }
}

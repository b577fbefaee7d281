import Geometry
import MultiView
import SLAM
import Testing

/// Loops and maps of which the truth is exact, and drift so large that nothing else can take it out: points are looked
/// for within pixels of where they should be, and are many away.
@Suite struct LoopCloserTests {
  private static let camera = ScriptedRoom.camera

  /// What a camera believes that lost a quarter of its scale, a fifth of a radian and its place in a turn.
  private static func drift(_ keyFrame: Int) -> Sim3 {
    let share = Double(keyFrame) / Double(ScriptedRoom.turn)
    return Sim3.exp(
      Sim3.Tangent(
        linear: SIMD3(0.8, 0.3, -0.5) * share, angular: SIMD3(0.06, 0.2, 0.03) * share, logScale: -0.3 * share))
  }

  /// Root mean square distance of the cameras from the truth, after the best similarity.
  private func error(_ map: SLAMMap) throws -> Double {
    let estimate = map.keyFrames.map { $0.cameraFromWorld.inverse.translation }
    let truth = map.keyFrames.map { ScriptedRoom.worldFromCamera($0.number).translation }
    let aligned = try #require(SimilarityAlignment.targetFromSource(estimate, truth))
    let squares = zip(estimate, truth).map { ($0.0, $0.1) }.reduce(0.0) { sum, pair in
      let difference = aligned * pair.0 - pair.1
      return sum + difference.dot(difference)
    }
    return (squares / Double(estimate.count)).squareRoot()
  }

  /// How far what the newest key frame shows of the beginning is from where the map has it, the median, pixels.
  private func misses(of map: SLAMMap) -> Double {
    let newest = map.keyFrames[map.keyFrames.count - 1]
    let truth = ScriptedRoom.worldFromCamera(newest.number)
    let distances = map.points.all.compactMap { point -> Double? in
      guard let first = point.observations.first?.keyFrame, first < 6 else { return nil }
      let place = Self.drift(first).inverse * point.position
      guard let believed = Self.camera.project(newest.cameraFromWorld * point.position),
        let seen = Self.camera.project(truth.inverse * place), Self.camera.contains(pixel: seen)
      else { return nil }
      return ((believed - seen) * (believed - seen)).sum().squareRoot()
    }.sorted()
    return distances.isEmpty ? .infinity : distances[distances.count / 2]
  }

  /// The loop that the newest key frame closes.
  private static func loop(in map: SLAMMap, _ closer: inout LoopCloser) -> LoopCloser.Loop? {
    let newest = map.keyFrames.count - 1
    for candidate in closer.candidates(for: newest, in: map) {
      if let loop = closer.loop(of: newest, near: candidate, in: map) { return loop }
    }
    return nil
  }

  @Test func aLoopTakesOutDriftThatLocalLinkingCannot() throws {
    var room = ScriptedRoom()
    var map = room.map(0..<ScriptedRoom.turn + 4, firstIdentifier: 0, drift: Self.drift)
    let before = try error(map)
    let misses = misses(of: map)
    #expect(before > 0.3 && misses > 40, "the drift is large: \(before), \(misses) pixels")
    // What links points of neighbours finds nothing of the beginning.
    let newest = map.keyFrames.count - 1
    let old = map.points.seen(by: 0..<5)
    #expect(
      old.count > 200
        && map.points.all.allSatisfy { point in
          let seen = point.observations.map(\.keyFrame)
          return (seen.max() ?? 0) - (seen.min() ?? 0) < 20
        })

    var closer = LoopCloser(camera: Self.camera)
    let found = Self.loop(in: map, &closer)
    let loop = try #require(found, "the first places are recognised")
    #expect(loop.keyFrame < 8 && loop.pairs.count >= 60)
    let pointCount = map.points.count
    let closed = closer.close(loop, in: &map)
    #expect(closed.renamed.count >= 60 && map.points.count <= pointCount - 60)
    #expect(
      map.points.all.contains { point in
        point.observations.contains { $0.keyFrame < 5 } && point.observations.contains { $0.keyFrame == newest }
      }, "both ends of the loop see the same points")
    let after = try error(map)
    #expect(after < before / 8, "\(before) before, \(after) after")
    // The end is as large as the beginning now: lengths at the newest key frame grew by what they had lost.
    let grown = try #require(closed.growth.last)
    #expect(abs(grown * Self.drift(newest).scale / Self.drift(loop.keyFrame).scale - 1) < 0.02)
  }

  @Test func thereIsNoLoopOnTheWay() {
    var room = ScriptedRoom()
    let map = room.map(0..<ScriptedRoom.turn - 12, firstIdentifier: 0, drift: Self.drift)
    var closer = LoopCloser(camera: Self.camera)
    #expect(Self.loop(in: map, &closer) == nil, "nothing of the beginning is in view yet")
  }

  @Test(arguments: [0.3, 1, 2.5]) func mapsOfAnyScaleBecomeOne(scale: Double) throws {
    var room = ScriptedRoom()
    let moved = Sim3(
      scale: scale, rotation: .exp(SIMD3(0.4, -1.2, 0.3)), translation: SIMD3(3, -8, 5))
    // The camera was carried off, began a map of its own, and comes to where the first one ends.
    var older = room.map(0..<20, firstIdentifier: 0) { _ in .identity }
    let newer = room.map(14..<34, firstIdentifier: 100_000) { _ in moved }
    let seen = SLAMMap.prefix(of: newer, keyFrames: 4)
    var closer = LoopCloser(camera: Self.camera)
    let found = closer.loop(from: seen, to: older)
    let loop = try #require(found)
    #expect(abs(loop.oldFromNew.scale * scale - 1) < 1e-3)
    #expect((loop.oldFromNew * (moved * SIMD3(1, 2, 3)) - SIMD3(1, 2, 3)).norm < 0.01)
    let joined = older.merge(newer, loop, camera: Self.camera)
    #expect(older.keyFrames.count == 40 && joined.count >= 60)
    #expect(try error(older) < 0.01)
  }

  @Test func anotherRoomIsNoLoop() {
    var room = ScriptedRoom()
    let older = room.map(0..<10, firstIdentifier: 0) { _ in .identity }
    let elsewhere = room.map(30..<40, firstIdentifier: 100_000) { _ in .identity }
    var closer = LoopCloser(camera: Self.camera)
    #expect(closer.loop(from: elsewhere, to: older) == nil)
  }
}

extension SLAMMap {
  /// The first key frames of a map, and the points that two of them see.
  fileprivate static func prefix(of map: SLAMMap, keyFrames count: Int) -> SLAMMap {
    var part = SLAMMap()
    part.keyFrames = Array(map.keyFrames.prefix(count))
    for identifier in map.points.identifiers {
      guard let point = map.points[identifier] else { continue }
      let observations = point.observations.filter { $0.keyFrame < count }
      guard observations.count >= 2 else { continue }
      part.points[identifier] = MapPoint(position: point.position, observations: observations)
    }
    part.indexPlaces()
    return part
  }
}

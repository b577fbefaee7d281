import Geometry
import Vision

/// A patch that is followed from frame to frame.
struct FeatureTrack {
  var identifier: Int
  /// Where it is now, pixels.
  var pixel: SIMD2<Float>
  /// Where key frames of the present map saw it.
  var sightings: [(keyFrame: Int, pixel: SIMD2<Double>)] = []

  var position: SIMD2<Double> { SIMD2(Double(pixel.x), Double(pixel.y)) }
}

/// All patches that are followed now.
struct FeatureTracks {
  private(set) var tracks: [FeatureTrack] = []
  private var pyramid: ImagePyramid?
  private var nextIdentifier = 0
  private let tracker = PatchTracker()

  /// Follows all tracks into the next picture. What is not found there ends.
  /// - Parameter guess: where a track is expected.
  mutating func follow(into next: ImagePyramid, guess: (FeatureTrack) -> SIMD2<Float>) {
    defer { pyramid = next }
    guard let previous = pyramid else { return }
    tracks = tracks.compactMap { track in
      guard let there = tracker.track(track.pixel, from: previous, to: next, guess: guess(track)),
        // And back: what does not return was not the same.
        let back = tracker.track(there.position, from: next, to: previous, guess: track.pixel, coarsest: 0)
      else { return nil }
      let loop = back.position - track.pixel
      guard (loop * loop).sum() < 1 else { return nil }
      var moved = track
      moved.pixel = there.position
      return moved
    }
  }

  /// Begins tracks where there are none, up to `count` altogether.
  mutating func replenish(count: Int) {
    guard let image = pyramid?.levels[0], tracks.count < count else { return }
    let area = Double(image.width * image.height)
    let cell = max(12, Int((area / Double(count)).squareRoot() * 0.8))
    let corners = CornerDetector(cellSize: cell).detect(in: image, avoiding: tracks.map(\.pixel))
    for corner in corners.prefix(count - tracks.count) {
      tracks.append(FeatureTrack(identifier: nextIdentifier, pixel: corner.position))
      nextIdentifier += 1
    }
  }

  /// Follows points of the map again, from where a picture was found to show them.
  mutating func resume(_ found: [(identifier: Int, pixel: SIMD2<Float>)]) {
    let identifiers = Set(found.map(\.identifier))
    tracks.removeAll { identifiers.contains($0.identifier) }
    tracks += found.map { FeatureTrack(identifier: $0.identifier, pixel: $0.pixel) }
  }

  /// Gives tracks the names of the points that they were found to show.
  mutating func rename(_ names: [(from: Int, to: Int)]) {
    for (from, to) in names {
      tracks.removeAll { $0.identifier == to }
      for index in tracks.indices where tracks[index].identifier == from { tracks[index].identifier = to }
    }
  }

  /// Notes where the tracks are in a key frame.
  mutating func markSightings(keyFrame: Int) {
    for index in tracks.indices { tracks[index].sightings.append((keyFrame, tracks[index].position)) }
  }

  mutating func remove(where isBad: (FeatureTrack) -> Bool) { tracks.removeAll(where: isBad) }

  /// Forgets the sightings of a map that was given up.
  mutating func forgetSightings() {
    for index in tracks.indices { tracks[index].sightings = [] }
  }

  /// Goes on in a new map: under new names, since the old ones are those of points of the map that was given up.
  mutating func beginAnew() {
    for index in tracks.indices {
      tracks[index] = FeatureTrack(identifier: nextIdentifier, pixel: tracks[index].pixel)
      nextIdentifier += 1
    }
  }

  /// Numbers the key frames of sightings anew: each number grows by `offset`.
  mutating func shiftSightings(by offset: Int) {
    for index in tracks.indices {
      tracks[index].sightings = tracks[index].sightings.map { (offset + $0.keyFrame, $0.pixel) }
    }
  }
}

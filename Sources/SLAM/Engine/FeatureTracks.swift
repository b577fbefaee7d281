import Geometry
import Vision

/// A patch that is followed from frame to frame.
struct FeatureTrack {
  var identifier: Int
  /// Where it is now, pixels.
  var pixel: SIMD2<Float>
  /// What takes the motion during readout off the pixel.
  var readoutCorrection = SIMD2<Double>.zero
  /// What it looks like, and where that was seen from.
  var template: PatchTemplate
  var anchor: TrackAnchor?
  /// How the template was warped for the last picture; `nil` where it is of that picture.
  var warp: PatchWarp?
  /// Where key frames of the present map saw it.
  var sightings: [(keyFrame: Int, pixel: SIMD2<Double>)] = []

  /// Where a camera with a global shutter would see it, pixels.
  var position: SIMD2<Double> { SIMD2(Double(pixel.x), Double(pixel.y)) + readoutCorrection }
}

/// Where the template of a track was taken.
struct TrackAnchor {
  /// A key frame of the present map, and the camera of the template from it.
  var keyFrame: Int
  var cameraFromKeyFrame: SE3
  /// Points at depth 1 on the rays of the template's centre, and of the pixels to the right of it and below.
  var bearing: SIMD3<Double>
  var bearingAcross: SIMD3<Double>
  var bearingDown: SIMD3<Double>
  /// How far aside those pixels are.
  static let reach = 6.0

  /// - Returns: `nil` where the lens model has no inverse.
  init?(_ camera: CameraModel, pixel: SIMD2<Double>, keyFrame: Int, cameraFromKeyFrame: SE3) {
    guard let bearing = camera.unproject(pixel), let across = camera.unproject(pixel + SIMD2(Self.reach, 0)),
      let down = camera.unproject(pixel + SIMD2(0, Self.reach))
    else { return nil }
    (self.keyFrame, self.cameraFromKeyFrame) = (keyFrame, cameraFromKeyFrame)
    (self.bearing, bearingAcross, bearingDown) = (bearing, across, down)
  }

  /// Where the patch is seen, and how it looks there, when it lies at `depth` and faces the anchor.
  /// - Returns: `nil` when the camera does not see it from the front.
  func appearance(
    depth: Double, cameraFromAnchor: SE3, camera: CameraModel
  ) -> (pixel: SIMD2<Double>, warp: PatchWarp)? {
    guard let centre = camera.project(cameraFromAnchor * (bearing * depth)),
      let right = camera.project(cameraFromAnchor * (bearingAcross * depth)),
      let below = camera.project(cameraFromAnchor * (bearingDown * depth))
    else { return nil }
    let (across, down) = ((right - centre) / Self.reach, (below - centre) / Self.reach)
    guard
      let warp = PatchWarp(
        inverting: SIMD2(Float(across.x), Float(across.y)), SIMD2(Float(down.x), Float(down.y)))
    else { return nil }
    return (centre, warp)
  }
}

/// All patches that are followed now.
struct FeatureTracks {
  /// Where a track should be in the next picture.
  struct Expectation {
    var pixel: SIMD2<Float>
    var warp = PatchWarp.identity
    /// Whether the place is known to some pixels.
    var isSure = false
  }

  private(set) var tracks: [FeatureTrack] = []
  private var picture: FramePicture?
  private var nextIdentifier = 0
  private let tracker = PatchTracker()
  /// Likeness to its template below which a patch is taken for another.
  private static let minimalCorrelation: Float = 0.8

  /// Follows all tracks into the next picture. What is not found there ends.
  /// - Parameter expectations: one for each track.
  mutating func follow(into next: FramePicture, expecting expectations: [Expectation]) {
    defer { picture = next }
    guard let previous = picture?.pyramid else { return }
    var kept: [FeatureTrack] = []
    kept.reserveCapacity(tracks.count)
    for (track, expectation) in zip(tracks, expectations) {
      if let moved = follow(track, expectation, from: previous, into: next.pyramid) { kept.append(moved) }
    }
    tracks = kept
  }

  private func follow(
    _ track: FeatureTrack, _ expectation: Expectation, from previous: ImagePyramid, into next: ImagePyramid
  ) -> FeatureTrack? {
    var moved = track
    for coarsest in [1, 3] where coarsest == 3 || expectation.isSure {
      if let match = tracker.track(
        track.template, warp: expectation.warp, to: next, guess: expectation.pixel, coarsest: coarsest),
        match.correlation > Self.minimalCorrelation
      {
        moved.pixel = match.position
        moved.warp = expectation.warp
        return moved
      }
    }
    // It may look otherwise by now: what it was in the last picture, and back, since what does not return is another.
    guard let there = tracker.track(track.pixel, from: previous, to: next, guess: expectation.pixel),
      let back = tracker.track(there.position, from: next, to: previous, guess: track.pixel, coarsest: 0)
    else { return nil }
    let loop = back.position - track.pixel
    guard (loop * loop).sum() < 1, let template = PatchTemplate(next, centre: there.position) else { return nil }
    moved.pixel = there.position
    moved.template = template
    moved.anchor = nil
    moved.warp = nil
    return moved
  }

  /// Begins tracks where there are none, up to `count` altogether.
  mutating func replenish(count: Int) {
    guard tracks.count < count, let pyramid = picture?.pyramid, let strengths = picture?.strengths else { return }
    let area = Double(strengths.width * strengths.height)
    let cell = max(12, Int((area / Double(count)).squareRoot() * 0.8))
    let corners = CornerDetector(cellSize: cell).detect(in: strengths, avoiding: tracks.map(\.pixel))
    for corner in corners.prefix(count - tracks.count) {
      guard let template = PatchTemplate(pyramid, centre: corner.position) else { continue }
      tracks.append(FeatureTrack(identifier: nextIdentifier, pixel: corner.position, template: template))
      nextIdentifier += 1
    }
  }

  /// What the last picture shows: corners, and the patches that are followed.
  /// - Parameter isFollowed: whether tracks give their names to features.
  mutating func features(isFollowed: Bool = true) -> KeyFrameFeatures {
    guard let strengths = picture?.strengths, let pyramid = picture?.pyramid else { return KeyFrameFeatures() }
    return KeyFrameFeatures(
      of: pyramid, strengths, tracks: isFollowed ? tracks.map { ($0.identifier, $0.pixel) } : [],
      extractor: DescriptorExtractor())
  }

  /// Gives no new track an identifier up to this one.
  mutating func reserve(through identifier: Int) { nextIdentifier = max(nextIdentifier, identifier + 1) }

  /// Sets what takes the motion during readout off each track's pixel.
  mutating func correct(_ correction: (FeatureTrack) -> SIMD2<Double>) {
    for index in tracks.indices { tracks[index].readoutCorrection = correction(tracks[index]) }
  }

  /// Takes all templates anew, from the last picture.
  mutating func renewTemplates() {
    guard let pyramid = picture?.pyramid else { return }
    for index in tracks.indices {
      guard let template = PatchTemplate(pyramid, centre: tracks[index].pixel) else { continue }
      (tracks[index].template, tracks[index].anchor) = (template, nil)
      tracks[index].warp = nil
    }
  }

  /// Improves where the tracks are in the last picture, for a key frame.
  mutating func refine() {
    guard let pyramid = picture?.pyramid else { return }
    for index in tracks.indices {
      guard let warp = tracks[index].warp,
        let refined = tracker.refine(tracks[index].template, warp: warp, in: pyramid, at: tracks[index].pixel)
      else { continue }
      tracks[index].pixel = refined
    }
  }

  /// Says where templates without an anchor were taken: in the last picture.
  mutating func anchor(_ camera: CameraModel, keyFrame: Int, cameraFromKeyFrame: SE3) {
    for index in tracks.indices where tracks[index].anchor == nil {
      tracks[index].anchor = TrackAnchor(
        camera, pixel: tracks[index].position, keyFrame: keyFrame, cameraFromKeyFrame: cameraFromKeyFrame)
    }
  }

  /// Follows points of the map again, from where a picture was found to show them.
  mutating func resume(_ found: [(identifier: Int, pixel: SIMD2<Float>)]) {
    guard let pyramid = picture?.pyramid else { return }
    let identifiers = Set(found.map(\.identifier))
    tracks.removeAll { identifiers.contains($0.identifier) }
    tracks += found.compactMap { point in
      PatchTemplate(pyramid, centre: point.pixel).map {
        FeatureTrack(identifier: point.identifier, pixel: point.pixel, template: $0)
      }
    }
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

  /// Notes where tracks that no key frame saw before are in one.
  mutating func markFirstSightings(keyFrame: Int) {
    for index in tracks.indices where tracks[index].sightings.isEmpty {
      tracks[index].sightings = [(keyFrame, tracks[index].position)]
    }
  }

  mutating func remove(where isBad: (FeatureTrack) -> Bool) { tracks.removeAll(where: isBad) }

  /// Forgets the sightings of a map that was given up.
  mutating func forgetSightings() {
    for index in tracks.indices {
      tracks[index].sightings = []
      tracks[index].anchor = nil
    }
  }

  /// Goes on in a new map: under new names, since the old ones are those of points of the map that was given up.
  mutating func beginAnew() {
    for index in tracks.indices {
      let track = tracks[index]
      tracks[index] = FeatureTrack(identifier: nextIdentifier, pixel: track.pixel, template: track.template)
      nextIdentifier += 1
    }
  }

  /// Numbers the key frames of sightings anew: each number grows by `offset`.
  mutating func shiftSightings(by offset: Int) {
    for index in tracks.indices {
      tracks[index].sightings = tracks[index].sightings.map { (offset + $0.keyFrame, $0.pixel) }
      tracks[index].anchor?.keyFrame += offset
    }
  }
}

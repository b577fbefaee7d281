import Geometry
import MediaModel
import SLAM
import Synchronization
import Vision

/// A back end that says what a test wants, and remembers what it saw.
final class Script: Sendable {
  struct Seen: Hashable {
    var width: Int
    var height: Int
    var nanos: Int64
  }

  /// The state of each frame, the last one again and again.
  let states: [SLAMState]
  /// Whether maps are kept.
  let keepsMaps: Bool
  /// The frame that the first map begins from.
  let reference: Int?
  private let log = Mutex<(cameras: [CameraModel], frames: [Seen], finished: Int)>(([], [], 0))

  init(_ states: [SLAMState], keepsMaps: Bool = false, reference: Int? = nil) {
    self.states = states
    self.keepsMaps = keepsMaps
    self.reference = reference
  }

  var cameras: [CameraModel] { log.withLock { $0.cameras } }
  var frames: [Seen] { log.withLock { $0.frames } }
  var finished: Int { log.withLock { $0.finished } }

  func backend(_ camera: CameraModel) -> any SLAMBackend {
    log.withLock { $0.cameras.append(camera) }
    return ScriptedBackend(script: self, camera: camera)
  }

  fileprivate func saw(_ seen: Seen) { log.withLock { $0.frames.append(seen) } }
  fileprivate func finish() { log.withLock { $0.finished += 1 } }
}

/// Moves a tenth to the right with each frame; every second frame that is tracked is a key frame with four landmarks.
private struct ScriptedBackend: SLAMBackend {
  let script: Script
  let camera: CameraModel
  private var poses: [SLAMPose] = []
  private var keyFrames: [SLAMSnapshot.KeyFrame] = []
  private var count = 0
  private var loaded: SavedMap?

  init(script: Script, camera: CameraModel) {
    self.script = script
    self.camera = camera
  }

  private let landmarks = (0..<4).map { index in
    SLAMSnapshot.Landmark(
      identifier: index, position: SIMD3(Double(index % 2) - 0.5, Double(index / 2) - 0.5, 4))
  }

  mutating func add(_ frame: SLAMFrame) -> SLAMUpdate {
    script.saw(.init(width: frame.image.width, height: frame.image.height, nanos: frame.nanos))
    let state = script.states[min(count, script.states.count - 1)]
    let hasPose = state == .tracking || state == .relocalised
    let pose = SE3(rotation: .identity, translation: SIMD3(0.1 * Double(count), 0, 0))
    let isKeyFrame = hasPose && count.isMultiple(of: 2)
    count += 1
    if hasPose {
      // A map that begins gives the frame that it begins from a pose.
      if poses.isEmpty, let reference = script.reference {
        keyFrames.append(.init(frameNumber: reference, nanos: 0, worldFromCamera: .identity))
        poses.append(
          SLAMPose(
            frameNumber: reference, nanos: Int64(reference) * 1_000_000_000, map: 0, worldFromCamera: .identity))
      }
      poses.append(
        SLAMPose(frameNumber: frame.number, nanos: frame.nanos, map: 0, worldFromCamera: pose))
    }
    if isKeyFrame {
      keyFrames.append(.init(frameNumber: frame.number, nanos: frame.nanos, worldFromCamera: pose))
    }
    return SLAMUpdate(
      frameNumber: frame.number, nanos: frame.nanos, state: state, map: 0, worldFromCamera: hasPose ? pose : nil,
      isKeyFrame: isKeyFrame, trackedPoints: hasPose ? 4 : 0, reprojectionError: 0.5)
  }

  mutating func finish() { script.finish() }

  mutating func load(_ saved: SavedMap) throws(SavedMapError) {
    guard script.keepsMaps else { throw .noMapsHere }
    loaded = saved
  }

  var savedMap: SavedMap? {
    guard script.keepsMaps, !keyFrames.isEmpty else { return loaded }
    let run = loaded?.runs ?? 0
    return SavedMap(camera: camera, runs: run + 1, map: scriptedMap(keyFrames: keyFrames.count + 1, run: run))
  }

  var referenceFrame: Int? { poses.isEmpty ? script.reference : nil }

  func trajectory(since nanos: Int64) -> [SLAMPose] { poses.filter { $0.nanos >= nanos } }

  var snapshot: SLAMSnapshot {
    SLAMSnapshot(
      map: 0, camera: camera, keyFrames: keyFrames,
      points: landmarks.map { landmark in
        .init(
          landmark: landmark,
          observations: keyFrames.indices.compactMap { index in
            camera.project(keyFrames[index].worldFromCamera.inverse * landmark.position).map {
              .init(keyFrame: index, pixel: $0)
            }
          })
      })
  }

  var memory: SLAMMemory {
    var memory = SLAMMemory(keyFrames: keyFrames.count, poses: poses.count, droppedPoses: 2)
    memory.describedKeyFrames = keyFrames.count
    (memory.featureBytes, memory.placeBytes) = (1_000 * keyFrames.count, 500 * keyFrames.count)
    return memory
  }

  func points(seenByKeyFrame frameNumber: Int) -> [SLAMSnapshot.Sighting] {
    guard let keyFrame = keyFrames.first(where: { $0.frameNumber == frameNumber }) else { return [] }
    return landmarks.compactMap { landmark in
      camera.project(keyFrame.worldFromCamera.inverse * landmark.position).map { .init(landmark: landmark, pixel: $0) }
    }
  }
}

/// A map of key frames in a row that see one point.
func scriptedMap(keyFrames count: Int, run: Int) -> SLAMMap {
  var map = SLAMMap()
  map.keyFrames = (0..<count).map { index in
    KeyFrame(
      cameraFromWorld: SE3(rotation: .identity, translation: SIMD3(-0.1 * Double(index), 0, 0)), number: index, run: run
    )
  }
  map.points[7] = MapPoint(
    position: SIMD3(0, 0, 4), observations: (0..<count).map { ($0, SIMD2(30 - Double($0), 20)) })
  return map
}

/// A picture of one colour; its left half is darker.
func picture(
  _ resolution: Resolution = Resolution(width: 64, height: 48), luma: UInt8 = 145, cb: UInt8 = 54, cr: UInt8 = 34
) -> Picture {
  let builder = PictureBuilder(resolution: resolution)
  for row in 0..<resolution.height {
    for column in 0..<builder.strides.luma {
      builder.luma[row * builder.strides.luma + column] = column < resolution.width / 2 ? luma / 2 : luma
    }
  }
  for offset in 0..<builder.strides.chroma * ((resolution.height + 1) / 2) {
    builder.cb[offset] = cb
    builder.cr[offset] = cr
  }
  return builder.seal()
}

public import BusMessages
import Geometry
import Logging
import MediaModel
import Simulation
import Synchronization

/// Publishes what perfect services would find in a simulated flight: objects, poses, identifications and points.
///
/// This is the truth of the simulation, not a detection. Consumers of results can be built and tested with it where
/// there are no models.
public final class FlightResults: Sendable {
  private struct State {
    var identified: Set<Int> = []
    var keyPose: SE3?
    var cloud = SeenPoints()
    var nextCloudNanos: Int64 = 0
  }

  /// Distance and turn from one key frame to the next.
  private static let keyFrameMetres = 2.0
  private static let keyFrameRadians = 0.25
  /// From one point cloud to the next, in flight time.
  private static let cloudNanos: Int64 = 3_000_000_000

  private let stream: String
  private let publish: @Sendable (BusMessage) -> Void
  private let state = Mutex(State())

  /// - Parameters:
  ///   - stream: the stream that the flight's video goes to.
  ///   - publish: takes each message; must not wait.
  public init(stream: String, publish: @escaping @Sendable (BusMessage) -> Void) {
    self.stream = stream
    self.publish = publish
  }

  /// Publishes what is to be said of the picture that `flight` rendered last.
  func publish(_ frame: SimulatedFrame, of flight: FlightSimulation, capturedAt: WallTime) throws(BusBodyError) {
    let headers: [String: BusHeaderValue] = [
      BusHeader.stream: .text(stream), BusHeader.capturedAt: .text("\(capturedAt.nanosSince1970)"),
      BusHeader.timestampNanos: .text("\(capturedAt.nanosSince1970)"),
    ]
    let (fresh, isKeyframe, cloud) = state.withLock { state in
      let fresh = frame.objects.filter { state.identified.insert($0.object.id).inserted }
      let isKeyframe = Self.isKeyframe(frame.worldFromCamera, after: state.keyPose)
      if isKeyframe {
        state.keyPose = frame.worldFromCamera
        state.cloud.add(frame, of: flight)
      }
      guard frame.timestampNanos >= state.nextCloudNanos else { return (fresh, isKeyframe, nil as PointCloud?) }
      state.nextCloudNanos = frame.timestampNanos + Self.cloudNanos
      return (fresh, isKeyframe, state.cloud.cloud)
    }
    let seconds = capturedAt.secondsSince1970
    publish(try Self.objects(frame, at: seconds, stream).message(headers: headers))
    let pose = CameraPose(
      frameNumber: frame.index, timestamp: seconds, pose: frame.worldFromCamera.rowMajorMatrix,
      isKeyframe: isKeyframe, stream: stream)
    publish(try pose.message(headers: headers))
    publish(try pose.message(on: .trajectory, headers: headers))
    for object in fresh {
      let results = ["label": object.object.label.rawValue, "source": "truth of the simulation"]
      publish(
        try IdentificationResult(objectID: object.object.id, timestamp: seconds, results: results)
          .message(headers: headers))
    }
    if let cloud { publish(cloud.message(headers: headers)) }
  }

  private static func isKeyframe(_ pose: SE3, after keyPose: SE3?) -> Bool {
    guard let keyPose else { return true }
    let moved = keyPose.inverse * pose
    return moved.translation.norm > keyFrameMetres || moved.rotation.angle > keyFrameRadians
  }

  private static func objects(_ frame: SimulatedFrame, at seconds: Double, _ stream: String) -> ProcessedFrame {
    let objects = frame.objects.map { object in
      let size = [object.mask.resolution.height, object.mask.resolution.width]
      return ProcessedFrame.Object(
        id: object.object.id, label: object.object.label.rawValue, score: 1,
        box: [object.columns.lowerBound, object.rows.lowerBound, object.columns.upperBound, object.rows.upperBound]
          .map { Double($0) },
        area: object.area, maskShape: size, mask: ProcessedFrame.Mask(size: size, counts: object.mask.counts))
    }
    return ProcessedFrame(frameNumber: frame.index, timestamp: seconds, objects: objects, stream: stream)
  }
}

/// The points of the scene that key frames have seen, the newest ones.
struct SeenPoints {
  /// 50,000 points are 750 kB of PLY.
  static let limit = 50_000
  /// Pixels from point to point.
  private static let step = 16
  /// Further away is the rim of the world.
  private static let reachMetres = 400.0

  private var points: [PointCloud.Point] = []
  private var next = 0

  var cloud: PointCloud { PointCloud(points: points) }

  /// Adds what the picture that `flight` rendered last shows.
  mutating func add(_ frame: SimulatedFrame, of flight: FlightSimulation) {
    let size = frame.picture.resolution
    for row in stride(from: Self.step / 2, to: size.height, by: Self.step) {
      for column in stride(from: Self.step / 2, to: size.width, by: Self.step) {
        let depth = flight.depth(atColumn: column, row: row)
        guard depth < Self.reachMetres, let ray = flight.camera.unproject(SIMD2(Double(column), Double(row)))
        else { continue }
        let point = frame.worldFromCamera * (ray * (depth / ray.z))
        append(PointCloud.Point(position: SIMD3<Float>(point), colour: frame.picture.colour(column, row)))
      }
    }
  }

  private mutating func append(_ point: PointCloud.Point) {
    if points.count < Self.limit { points.append(point) } else { points[next] = point }
    next = (next + 1) % Self.limit
  }
}

extension Picture {
  /// The colour at a pixel, BT.709.
  fileprivate func colour(_ column: Int, _ row: Int) -> SIMD3<UInt8> {
    withPlanes { luma, cb, cr in
      let y = Float(luma.base[row * luma.stride + column])
      let u = Float(cb.base[row / 2 * cb.stride + column / 2]) - 128
      let v = Float(cr.base[row / 2 * cr.stride + column / 2]) - 128
      let grey = isFullRange ? y : (y - 16) * (255 / 219)
      let scale: Float = isFullRange ? 1 : 255 / 224
      let rgb = SIMD3<Float>(
        grey + 1.5748 * scale * v, grey - (0.1873 * u + 0.4681 * v) * scale, grey + 1.8556 * scale * u)
      return SIMD3<UInt8>(rgb.clamped(lowerBound: .zero, upperBound: SIMD3(repeating: 255)), rounding: .toNearestOrEven)
    }
  }
}

import Geometry
import MediaModel

/// A simulated flight: pictures, inertial and satellite readings, and the truth behind them.
///
/// Everything is a function of seed, resolution and frame rate: the same ones give the same bytes. Time is flight
/// time; it starts at 0 and has no end. Not for use from several threads at once.
public final class FlightSimulation {
  public let seed: UInt64
  public let framesPerSecond: Double
  public let world: FlightWorld
  public let path: FlightPath
  public let camera: PinholeCamera
  private let renderer: FlightRenderer
  private let collector: ObjectCollector
  private var inertial: InertialSensor
  private var receiver: SatelliteReceiver

  /// Makes the world of `seed`: about half a second of work.
  ///
  /// - Parameters:
  ///   - resolution: size of the pictures; the horizontal field of view is 75° whatever it is.
  ///   - framesPerSecond: pictures a second, above 0.
  public convenience init(
    seed: UInt64, resolution: Resolution = Resolution(width: 1280, height: 720), framesPerSecond: Double = 30
  ) {
    self.init(world: FlightWorld(seed: seed), resolution: resolution, framesPerSecond: framesPerSecond)
  }

  /// A flight through a world that is there already; flights may share one.
  public init(
    world: FlightWorld, resolution: Resolution = Resolution(width: 1280, height: 720), framesPerSecond: Double = 30
  ) {
    precondition(framesPerSecond > 0, "frames follow each other in time")
    seed = world.seed
    self.world = world
    self.framesPerSecond = framesPerSecond
    path = FlightPath(seed: seed)
    camera = Self.camera(resolution)
    renderer = FlightRenderer(world: world, camera: camera)
    collector = ObjectCollector(objects: world.instances)
    inertial = InertialSensor(seed: seed)
    receiver = SatelliteReceiver(seed: seed)
  }

  /// The camera of a flight: 0.65 picture widths of focal length, principal point in the middle, no distortion.
  public static func camera(_ resolution: Resolution) -> PinholeCamera {
    PinholeCamera(
      focalLength: SIMD2(repeating: 0.65 * Double(resolution.width)),
      principalPoint: SIMD2(Double(resolution.width - 1) / 2, Double(resolution.height - 1) / 2),
      width: resolution.width, height: resolution.height)
  }

  /// Flight time of a frame, nanoseconds.
  public func timestampNanos(ofFrame index: Int) -> Int64 {
    Int64((Double(index) * 1e9 / framesPerSecond).rounded())
  }

  /// Renders a frame; any order, any number of times.
  ///
  /// - Parameter listingObjects: whether to find the objects in sight; it costs a millisecond or two.
  public func renderFrame(_ index: Int, listingObjects: Bool = true) -> SimulatedFrame {
    let nanos = timestampNanos(ofFrame: index)
    let time = Double(nanos) / 1e9
    let pose = path.state(at: time).worldFromCamera
    let picture = renderer.render(worldFromCamera: pose, time: time)
    let objects = listingObjects ? renderer.objects(collector) : []
    return SimulatedFrame(
      index: index, timestampNanos: nanos, picture: picture, worldFromCamera: pose, objects: objects)
  }

  /// Inertial readings at 200 Hz with `from` ≤ time < `to`, nanoseconds of flight time.
  public func imuSamples(from: Int64, to: Int64) -> [IMUSample] { inertial.samples(from: from, to: to, along: path) }

  /// Satellite fixes at 5 Hz with `from` ≤ time < `to`, nanoseconds of flight time.
  public func gpsSamples(from: Int64, to: Int64) -> [GPSSample] { receiver.samples(from: from, to: to, along: path) }

  /// Depth along the optical axis that the latest picture has at a pixel, metres; infinite in the sky.
  public func depth(atColumn column: Int, row: Int) -> Double { renderer.depth(atColumn: column, row: row) }

  /// The object that the latest picture shows at a pixel.
  public func object(atColumn column: Int, row: Int) -> WorldObject? {
    let index = renderer.instance(atColumn: column, row: row)
    return index < 0 ? nil : world.instances[Int(index)]
  }
}

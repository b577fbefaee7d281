import FFmpeg
public import Foundation
import Geometry
public import MediaModel
import MotionDetection
import Publishing
import Simulation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Measures the motion mode on simulated flights, whose truth is known.
///
/// A flight is rendered, encoded and decoded as `worldsystem simulate --flight` sends it; what is then found is compared
/// with what is there, frame by frame. An object is wanted where
/// - it moves through the world: pedestrians and cars in traffic do, parked cars do not;
/// - it shows 1,024 pixels or more (32×32, what COCO calls medium or large) that nothing hides;
/// - it moved in the picture by itself: by 6 pixels or more in the last half second, against what is at rest where it is.
///
/// Other objects that move are neither missed nor wrongly found. What stands still and is found is wrong, as is what is
/// found anywhere else, or with a box that does not fit. All results count, whether measured in a frame or predicted; so
/// does every frame but those of the first second. Time is processor time of the one thread that finds and follows, without
/// decoding.
public enum MotionBenchmark {
  /// Pixels that a wanted object shows.
  public static let minimalArea = 1_024
  /// Pixels that a wanted object moved by itself in ``motionSeconds``.
  public static let minimalMotion = 6.0
  public static let motionSeconds = 0.5
  /// Frames at the start that do not count, seconds.
  public static let leadSeconds = 1.0

  /// One flight.
  public struct Row: Codable, Sendable {
    public var seed: UInt64
    public var frames: Int
    public var precision: Double
    public var recall: Double
    /// Changes of an object's identifier.
    public var idSwitches: Int
    public var idSwitchesPerMinute: Double
    /// Wanted objects, summed over frames.
    public var wanted: Int
    /// Frames in a second of processor time.
    public var framesPerSecond: Double
    /// Processor time of a frame, milliseconds.
    public var medianMillis: Double
    public var p95Millis: Double
  }

  /// Flies and measures.
  /// - Parameter samples: a folder for what the mode is fitted to: ``MotionSamples``.
  /// - Complexity: some 50 ms a frame.
  public static func run(
    seed: UInt64, seconds: Double, resolution: Resolution = Resolution(width: 1280, height: 720), samples: URL? = nil
  ) throws -> Row {
    let rate = FrameRate(30)
    let flight = FlightSimulation(seed: seed, resolution: resolution, framesPerSecond: rate.framesPerSecond)
    let encoder = try H264Encoder(
      resolution: resolution, frameRate: rate, options: FlightPublisher.Options().encoder)
    let decoder = try H264Decoder()
    var measured = Measured(samples: try samples.map { try MotionSamples($0, seed: seed, resolution: resolution) })
    // Truth waits for its picture; a decoder holds back a few at most.
    var waiting: [Int64: Known] = [:]
    for index in 0..<Int(seconds * rate.framesPerSecond) {
      let frame = flight.renderFrame(index)
      waiting[frame.timestampNanos] = Known(
        objects: truth(of: frame, in: flight), masks: samples == nil ? [:] : masks(of: frame, in: flight))
      for unit in try encoder.encode(frame.picture, presentationTime: Nanoseconds(frame.timestampNanos)) {
        for decoded in try decoder.decode(unit.bytes, presentationTime: unit.presentationTime) {
          try measured.look(decoded, waiting.removeValue(forKey: decoded.presentationTime.value) ?? Known())
        }
      }
    }
    for decoded in try decoder.flush() {
      try measured.look(decoded, waiting.removeValue(forKey: decoded.presentationTime.value) ?? Known())
    }
    return measured.row(seed: seed, framesPerSecond: rate.framesPerSecond)
  }

  /// What is there in a frame.
  struct Known {
    var objects: [DetectionScore.Truth] = []
    /// Of objects that move, by their numbers.
    var masks: [Int: RunLengthMask] = [:]
  }

  private static func masks(of frame: SimulatedFrame, in flight: FlightSimulation) -> [Int: RunLengthMask] {
    let time = Double(frame.timestampNanos) / 1e9
    let moving = frame.objects.filter { flight.world.place(ofMoving: $0.object, at: time) != nil }
    return Dictionary(moving.map { ($0.object.id, $0.mask) }) { first, _ in first }
  }

  /// The objects of a frame that move.
  static func truth(of frame: SimulatedFrame, in flight: FlightSimulation) -> [DetectionScore.Truth] {
    let time = Double(frame.timestampNanos) / 1e9
    let cameraFromWorld = frame.worldFromCamera.inverse
    func pixel(_ place: SIMD3<Double>) -> SIMD2<Double> {
      let point = cameraFromWorld * place
      // What is beside or behind the camera has no pixel; its motion is large whatever the depth.
      let depth = max(point.z, 0.3)
      return SIMD2(point.x, point.y) / depth * flight.camera.focalLength
    }
    return frame.objects.compactMap { object in
      guard let now = flight.world.place(ofMoving: object.object, at: time),
        let before = flight.world.place(ofMoving: object.object, at: time - motionSeconds)
      else { return nil }
      let shift = pixel(now) - pixel(before)
      let edges = SIMD4(
        object.columns.lowerBound, object.rows.lowerBound, object.columns.upperBound, object.rows.upperBound)
      return DetectionScore.Truth(
        id: object.object.id, box: SIMD4<Float>(edges),
        isWanted: object.area >= minimalArea && (shift * shift).sum().squareRoot() >= minimalMotion)
    }
  }

  /// What was found up to now.
  private struct Measured {
    private var follower = MotionFollower()
    private var score = DetectionScore()
    private var times: [Double] = []
    private var samples: MotionSamples?

    init(samples: MotionSamples?) {
      self.samples = samples
      follower.keepsSamples = samples != nil
    }

    mutating func look(_ decoded: DecodedPicture, _ known: Known) throws {
      let start = Self.threadSeconds()
      let objects = follower.find(in: decoded.picture, at: decoded.presentationTime.value)
      times.append(Self.threadSeconds() - start)
      if decoded.presentationTime.seconds >= MotionBenchmark.leadSeconds {
        score.add(truth: known.objects, results: objects)
      }
      try samples?.add(follower.samples, known)
    }

    func row(seed: UInt64, framesPerSecond: Double) -> Row {
      let sorted = times.sorted()
      func quantile(_ share: Double) -> Double {
        sorted.isEmpty ? 0 : 1_000 * sorted[min(Int(share * Double(sorted.count)), sorted.count - 1)]
      }
      let minutes = Double(score.frames) / framesPerSecond / 60
      return Row(
        seed: seed, frames: score.frames, precision: score.precision, recall: score.recall, idSwitches: score.switches,
        idSwitchesPerMinute: minutes > 0 ? Double(score.switches) / minutes : 0, wanted: score.found + score.missed,
        framesPerSecond: Double(times.count) / max(times.reduce(0, +), 1e-9), medianMillis: quantile(0.5),
        p95Millis: quantile(0.95))
    }

    private static func threadSeconds() -> Double {
      var time = timespec()
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
  }

  /// A table for people.
  public static func table(_ rows: [Row]) -> String {
    func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
    let header =
      "| seed | frames | wanted | precision | recall | id switches/min | fps on one core | ms median | ms p95 |"
    let lines = rows.map { row in
      let cells = [
        "\(row.seed)", "\(row.frames)", "\(row.wanted)", number(row.precision, 3), number(row.recall, 3),
        number(row.idSwitchesPerMinute, 1), number(row.framesPerSecond, 0), number(row.medianMillis, 1),
        number(row.p95Millis, 1),
      ]
      return "| " + cells.joined(separator: " | ") + " |"
    }
    return ([header, "|---|---|---|---|---|---|---|---|---|"] + lines).joined(separator: "\n")
  }
}

import Clocks
import CodedMedia
public import FFmpeg
import Geometry
import H264
public import Logging
public import MediaModel
import Observability
import Simulation
import Threading

/// Publishes a simulated flight as it is rendered, in real time.
///
/// Pictures that cannot be rendered in time are left out, so that the flight keeps pace with the clock; capture times
/// are those of the flight, from the wall clock at its start on.
public struct FlightPublisher: Sendable {
  /// How to fly.
  public struct Options: Sendable {
    /// The same seed gives the same flight.
    public var seed: UInt64 = 1
    public var resolution = Resolution(width: 1280, height: 720)
    public var frameRate = FrameRate(30)
    /// Seconds of flight in one second. Pictures are never left out above 1000, which is as fast as it can.
    public var speed = 1.0
    /// Ends after so much flight time; `nil` goes on for ever.
    public var duration: Nanoseconds?
    /// Where to write the truth; `nil` writes none.
    public var truthFolder: String?
    public var encoder = H264Encoder.Options()
    /// Publishes the truth as results of services; `nil` publishes none.
    public var results: FlightResults?
    /// Takes the sensor readings up to each picture, on the clock of the pictures: where telemetry is sent from.
    public var onReadings: (@Sendable ([SensorReading]) async -> Void)?

    public init() {
      encoder.preset = .ultrafast
      encoder.rate = .bitsPerSecond(5_000_000)
      encoder.isBT709 = true
    }
  }

  private let options: Options
  private let pace: Pace
  private let logger: Logger

  public init(options: Options = Options(), pace: Pace = .system, logger: Logger) throws(PublishingError) {
    guard options.speed > 0 else {
      throw .invalidArgument("a speed of \(options.speed) is not possible; it must be above 0")
    }
    self.options = options
    self.pace = pace
    self.logger = logger
  }

  /// Flies until the duration is over or the task is cancelled.
  /// - Throws: when the truth cannot be written, or the sink takes no more.
  public func run(to sink: any AccessUnitSink) async throws {
    let thread = ThreadExecutor(name: "flight")
    try await withTaskExecutorPreference(thread) { try await fly(to: sink) }
  }

  @concurrent private func fly(to sink: any AccessUnitSink) async throws {
    let flight = FlightSimulation(
      seed: options.seed, resolution: options.resolution, framesPerSecond: options.frameRate.framesPerSecond)
    let encoder = try H264Encoder(
      resolution: options.resolution, frameRate: options.frameRate, options: options.encoder)
    var assembler = AccessUnitAssembler()
    assembler.isAligned = true
    var truth = GroundTruthWriter(flight)
    let folder = try options.truthFolder.map { path throws(PublishingError) in try TruthFolder(path: path) }
    if let folder {
      try truth.begin { file, bytes throws(PublishingError) in try folder.append(bytes, to: file) }
    }
    // The flight begins when its world is built.
    var schedule = FlightSchedule(
      startedAt: pace.clocks.host(), rate: options.frameRate, speed: options.speed, duration: options.duration)
    let wall = pace.clocks.wall()
    var readingsUntil: Int64 = 0
    logger.info(
      "flight begins", metadata: [.resolution: "\(options.resolution)", .framesPerSecond: "\(options.frameRate)"])
    while let index = schedule.next(at: pace.clocks.host()) {
      try await pace.wait(until: schedule.time(ofFrame: index))
      let frame = flight.renderFrame(index, listingObjects: folder != nil || options.results != nil)
      if let folder {
        try truth.append(frame, of: flight) { file, bytes throws(PublishingError) in
          try folder.append(bytes, to: file)
        }
      }
      try options.results?.publish(frame, of: flight, capturedAt: wall.advanced(by: schedule.elapsed(atFrame: index)))
      if let onReadings = options.onReadings {
        let until = frame.timestampNanos + 1
        await onReadings(Self.readings(of: flight, from: readingsUntil, to: until, startedAt: wall, schedule))
        readingsUntil = until
      }
      let capturedMicros = wall.advanced(by: schedule.elapsed(atFrame: index)).nanosSince1970 / 1000
      for coded in try encoder.encode(frame.picture, presentationTime: Nanoseconds(frame.timestampNanos)) {
        let effects = assembler.frame(coded.bytes, senderMicros: capturedMicros, now: pace.clocks.host())
        for picture in effects.pictures { try await sink.send(picture) }
      }
    }
    logger.info("flight ended", metadata: [.count: "\(schedule.taken)", .skipped: "\(schedule.skipped)"])
  }
}

extension FlightPublisher {
  /// Every so many samples one says how the device is turned: 50 times a second.
  private static let attitudeStep: Int64 = 4

  /// What the sensors say in a part of the flight, on the clock of the pictures.
  fileprivate static func readings(
    of flight: FlightSimulation, from: Int64, to: Int64, startedAt: WallTime, _ schedule: FlightSchedule
  ) -> [SensorReading] {
    let readings = SensorReading.readings(
      imu: flight.imuSamples(from: from, to: to), gps: flight.gpsSamples(from: from, to: to))
    return readings.map { reading in
      var reading = reading
      let flightNanos = reading.imu.timestampNanos
      if flightNanos / InertialSensor.periodNanos % attitudeStep == 0 {
        let camera = flight.path.state(at: Double(flightNanos) / 1e9).worldFromCamera.rotation
        let turn = (camera * InertialSensor.imuFromCamera.rotation.inverse).quaternion
        reading.attitude = SIMD4(turn.w, turn.x, turn.y, turn.z)
      }
      let time = startedAt.advanced(by: schedule.elapsed(flight: Nanoseconds(flightNanos))).nanosSince1970
      reading.imu.timestampNanos = time
      reading.gps?.timestampNanos = time
      return reading
    }
  }
}

/// Which frame of a flight comes next, in real time.
package struct FlightSchedule {
  /// From here on the flight goes as fast as it can.
  private static let unpacedSpeed = 1000.0

  private let startedAt: HostTime
  private let rate: FrameRate
  private let speed: Double
  private let duration: Nanoseconds?
  private var nextIndex = 0
  /// Frames that were rendered, and frames that were left out because their time had passed.
  package private(set) var taken = 0
  package private(set) var skipped = 0

  package init(startedAt: HostTime, rate: FrameRate, speed: Double, duration: Nanoseconds?) {
    self.startedAt = startedAt
    self.rate = rate
    self.speed = speed
    self.duration = duration
  }

  /// The next frame to render: the one after the last, or, when that is late by more than a frame, the newest due one.
  /// - Returns: `nil` when the flight is over.
  package mutating func next(at now: HostTime) -> Int? {
    var index = nextIndex
    if speed < Self.unpacedSpeed {
      let flown = now.since(startedAt).seconds * speed
      let due = Int(flown * rate.framesPerSecond)
      if due > index + 1 {
        skipped += due - index
        index = due
      }
    }
    if let duration, rate.time(ofFrame: Int64(index)) >= duration { return nil }
    nextIndex = index + 1
    taken += 1
    return index
  }

  /// When to render a frame.
  package func time(ofFrame index: Int) -> HostTime {
    speed < Self.unpacedSpeed ? startedAt.advanced(by: elapsed(atFrame: index)) : startedAt
  }

  /// Real time from the start of the flight to a frame.
  package func elapsed(atFrame index: Int) -> Nanoseconds {
    elapsed(flight: rate.time(ofFrame: Int64(index)))
  }

  /// Real time from the start of the flight to a time of it.
  package func elapsed(flight: Nanoseconds) -> Nanoseconds {
    speed == 1 || speed >= Self.unpacedSpeed ? flight : Nanoseconds(Int64(Double(flight.value) / speed))
  }
}

import FFmpeg
import Foundation
public import MediaModel
import Publishing
import Simulation

/// Decoded pictures of a benchmark, and how long decoding one took.
public struct TrackingClip: Sendable {
  public let pictures: [Picture]
  public let frameNanos: Int64
  /// Median.
  public let decodeMillis: Double

  public var resolution: Resolution { pictures[0].resolution }

  private init(_ pictures: [Picture], _ times: [Double], frameNanos: Int64) {
    self.pictures = pictures
    self.frameNanos = frameNanos
    decodeMillis = Medians.median(times)
  }

  /// The first frames of a file; fewer than asked for where it has no more.
  /// - Throws: `FFmpegError`; ``Unusable`` for a file without a picture.
  public init(file: String, count: Int) throws {
    let demuxer = try Demuxer(MediaLocation(file))
    let decoder = try VideoDecoder(demuxer.video)
    var (pictures, times): ([Picture], [Double]) = ([], [])
    while pictures.count < count, let packet = try demuxer.next() {
      let start = ContinuousClock.now
      pictures += try decoder.decode(packet).map(\.picture)
      times.append(FrameTimes.millis(start.duration(to: .now)))
    }
    if pictures.count < count { pictures += try decoder.flush().map(\.picture) }
    guard !pictures.isEmpty else { throw Unusable(description: "\(file) holds no picture") }
    let rate = demuxer.video.frameRate?.framesPerSecond ?? 25
    self.init(Array(pictures.prefix(count)), times, frameNanos: Int64(1e9 / max(rate, 1)))
  }

  /// A flight over a simulated city, encoded and decoded as `worldsystem simulate --flight` sends it.
  public init(flightSeed seed: UInt64, count: Int, resolution: Resolution = Resolution(width: 1280, height: 720)) throws
  {
    let rate = FrameRate(30)
    let flight = FlightSimulation(seed: seed, resolution: resolution, framesPerSecond: rate.framesPerSecond)
    let encoder = try H264Encoder(
      resolution: resolution, frameRate: rate, options: FlightPublisher.Options().encoder)
    let decoder = try H264Decoder()
    var (pictures, times): ([Picture], [Double]) = ([], [])
    for index in 0..<count {
      let frame = flight.renderFrame(index)
      for unit in try encoder.encode(frame.picture, presentationTime: Nanoseconds(frame.timestampNanos)) {
        let start = ContinuousClock.now
        pictures += try decoder.decode(unit.bytes, presentationTime: unit.presentationTime).map(\.picture)
        times.append(FrameTimes.millis(start.duration(to: .now)))
      }
    }
    pictures += try decoder.flush().map(\.picture)
    guard !pictures.isEmpty else { throw Unusable(description: "the flight has no picture") }
    self.init(pictures, times, frameNanos: 33_333_333)
  }

  /// There is nothing to measure with.
  public struct Unusable: Error, CustomStringConvertible {
    public var description: String
  }
}

enum Medians {
  /// The middle one of the values; 0 of none.
  static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return 0 }
    let half = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[half - 1] + sorted[half]) / 2 : sorted[half]
  }
}

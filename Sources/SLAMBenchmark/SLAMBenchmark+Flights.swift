import CodedMedia
import Foundation
public import Logging
import MediaModel
import NIOCore
import Publishing

// Flights over the simulated city: sequences with exact truth for whoever has no data.
extension SLAMBenchmark {
  /// The coded pictures of a flight, as they would be sent.
  static let flightVideo = "video.h264"

  /// Flies as `worldsystem simulate --flight` does, as fast as it goes, and keeps video, sensors and truth.
  ///
  /// From take-off the tour leads through streets and, from the 75th second on, one turn and a quarter around a tower
  /// beside the place that it took off from: in 130 seconds the camera comes back over its own places twice.
  /// - Parameters:
  ///   - seed: the same gives the same flight.
  ///   - folder: a sequence for ``run(_:usesIMU:logger:)``; made where it is not there.
  /// - Complexity: some 25 ms a frame, and 0.7 MB a second.
  public static func fly(seed: UInt64, seconds: Double, into folder: String, logger: Logger) async throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let url = URL(fileURLWithPath: folder + "/" + flightVideo)
    try Data().write(to: url)
    let video = try FileHandle(forWritingTo: url)
    var options = FlightPublisher.Options()
    options.seed = seed
    options.duration = .seconds(seconds)
    options.speed = .greatestFiniteMagnitude
    options.truthFolder = folder
    try await FlightPublisher(options: options, logger: logger)
      .run(to: ClosureSink { try video.write(contentsOf: Data($0.bytes.readableBytesView)) })
    try video.close()
  }
}

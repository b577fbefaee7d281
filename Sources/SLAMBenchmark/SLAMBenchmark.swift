import Foundation
public import Logging
import MapFormats
import MediaModel
import MessageBus
import SLAM
import SLAMService
import VideoConsumer

/// Measures SLAM on sequences with known truth: how wrong it is, and how long it takes.
public enum SLAMBenchmark {
  /// Why a folder cannot be measured.
  public struct Unusable: Error, Sendable, CustomStringConvertible {
    public var description: String
  }

  /// One sequence, with or without its motion sensors.
  public struct Row: Codable, Sendable {
    public var sequence: String
    /// `sim3` for a path of unknown scale, `se3` with motion sensors.
    public var alignment: String
    /// Metres.
    public var error: Double
    /// Of the path, percent.
    public var errorPercent: Double
    /// Of the frames with truth, 0…1.
    public var coverage: Double
    /// Estimated lengths against true ones, percent; `nil` for `sim3`.
    public var scaleErrorPercent: Double?
    public var isMetric: Bool
    public var frames: Int
    /// Processor time of a frame, milliseconds.
    public var medianMillis: Double
    public var p95Millis: Double
    /// Of the frame that took longest.
    public var maximalMillis: Double
    /// Processor time of the adjustment at the end, seconds.
    public var finishSeconds: Double
  }

  /// Folders below `path`, or that itself, that hold a sequence: `video.mp4`, `times.txt`, `camera.json`,
  /// `groundtruth.txt`.
  public static func sequences(in path: String) throws -> [String] {
    let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    let needed = ["video.mp4", "times.txt", "camera.json", "groundtruth.txt"]
    return ([path] + names.map { path + "/" + $0 }).filter { folder in
      needed.allSatisfy { FileManager.default.fileExists(atPath: folder + "/" + $0) }
    }
  }

  /// Runs SLAM once, as `worldsystem slam` does.
  /// - Parameter usesIMU: whether `imu.csv` takes part.
  public static func run(_ folder: String, usesIMU: Bool, logger: Logger) async throws -> Row {
    func text(_ name: String) throws -> String { try String(contentsOfFile: folder + "/" + name, encoding: .utf8) }
    let description = try CameraDescription(json: Data(text("camera.json").utf8))
    let truth = try TrajectoryFormat.tum.poses(in: text("groundtruth.txt"))
    var options = SLAMServiceOptions(stream: "benchmark")
    options.camera = description
    options.times = try FrameTimes.parse(text("times.txt"))
    options.sharedMemory = nil
    options.isDense = false
    options.keepsResults = true
    options.queuedSamples = .max
    let (frames, ends) = (ProcessorTimes(), ProcessorTimes())
    let engine = SLAMService.engineOptions(for: description)
    let slam = SLAMService(options: options, bus: InProcessBus(), metrics: SLAMMetrics(), logger: logger) { camera in
      TimedBackend(SLAMEngine(camera: camera, options: engine), frames: frames, ends: ends)
    }
    if usesIMU {
      slam.add(try IMULog.parse(text("imu.csv")).map { .inertial($0) })
    }
    let video = ["video.mp4", flightVideo].map { folder + "/" + $0 }.first(where: FileManager.default.fileExists)
    try await ConsumerRunner(
      source: try VideoSource(video ?? folder + "/video.mp4"), consumers: [slam], logger: logger
    ).run()
    let largest = slam.results.flatMap(\.maps).max { $0.poses.count < $1.poses.count }
    let poses = largest?.poses ?? []
    guard let error = TrajectoryError(truth: truth, estimate: poses, withScale: !usesIMU) else {
      throw Unusable(description: "\(folder): no path was found that could be compared")
    }
    let scaled = TrajectoryError(truth: truth, estimate: poses, withScale: true)
    return Row(
      sequence: folder.split(separator: "/").last.map(String.init) ?? folder, alignment: usesIMU ? "se3" : "sim3",
      error: error.rootMeanSquare, errorPercent: 100 * error.rootMeanSquare / error.pathLength,
      coverage: error.coverage, scaleErrorPercent: usesIMU ? scaled.map { 100 * abs(1 / $0.scale - 1) } : nil,
      isMetric: largest?.isMetric ?? false, frames: frames.count, medianMillis: 1_000 * frames.quantile(0.5),
      p95Millis: 1_000 * frames.quantile(0.95), maximalMillis: 1_000 * frames.quantile(1), finishSeconds: ends.total)
  }

  /// A table for people.
  public static func table(_ rows: [Row]) -> String {
    func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
    let header =
      "| sequence | aligned | ATE RMSE m | % of path | coverage | scale error | ms median | ms p95 | ms max | end s |"
    let lines = rows.map { row in
      let scale = row.scaleErrorPercent.map { number($0, 1) + " %" } ?? "–"
      let cells = [
        row.sequence, row.alignment, number(row.error, 4), number(row.errorPercent, 2),
        number(100 * row.coverage, 1) + " %",
        scale, number(row.medianMillis, 1), number(row.p95Millis, 1), number(row.maximalMillis, 1),
        number(row.finishSeconds, 1),
      ]
      return "| " + cells.joined(separator: " | ") + " |"
    }
    return ([header, "|---|---|---|---|---|---|---|---|---|---|"] + lines).joined(separator: "\n")
  }
}

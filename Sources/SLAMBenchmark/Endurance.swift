import Foundation
import Geometry
public import Logging
import MapFormats
import MediaModel
import SLAM
import SLAMService
import Synchronization
import VideoConsumer
import Vision

/// Measures whether SLAM stays within its bounds: a sequence is played forward and backward again and again.
public enum Endurance {
  /// The state after a minute of video, and the times of its frames.
  public struct Minute: Codable, Sendable {
    public var minute: Int
    /// Of the present map, with those of which only the pose is left.
    public var keyFrames: Int
    /// With features, over all maps.
    public var recognisableKeyFrames: Int
    public var points: Int
    public var featureBytes: Int
    public var placeBytes: Int
    /// Memory of the process beyond what it had before the first frame, bytes; `nil` where that is not known.
    public var processBytes: Int?
    /// Processor time of a frame, milliseconds.
    public var medianMillis: Double
    public var p95Millis: Double
    public var maximalMillis: Double
  }

  /// One sequence.
  public struct Report: Codable, Sendable {
    public var sequence: String
    public var minutes: [Minute]
    /// Processor time of the adjustment at the end, seconds.
    public var finishSeconds: Double
    /// ATE RMSE of the frames of the first round and of the last, each aligned with Sim(3), metres; `nil` where too few
    /// have a pose.
    public var firstError: Double?
    public var lastError: Double?
  }

  /// Plays a sequence for `minutes` of video at 30 frames a second.
  /// - Throws: ``SLAMBenchmark/Unusable`` for a folder without frames.
  public static func run(_ folder: String, minutes: Int, logger: Logger) async throws -> Report {
    func text(_ name: String) throws -> String { try String(contentsOfFile: folder + "/" + name, encoding: .utf8) }
    let description = try CameraDescription(json: Data(text("camera.json").utf8))
    let times = try FrameTimes.parse(text("times.txt"))
    let collector = FrameCollector()
    try await ConsumerRunner(
      source: try VideoSource(folder + "/video.mp4"), consumers: [collector], logger: logger
    ).run()
    let images = Array(collector.images.prefix(times.count))
    guard images.count > 1 else { throw SLAMBenchmark.Unusable(description: "\(folder): video.mp4 holds no frames") }
    let before = anonymousBytes()
    let (frames, ends) = (ProcessorTimes(), ProcessorTimes())
    var backend = TimedBackend(
      SLAMEngine(camera: description.camera, options: SLAMService.engineOptions(for: description)), frames: frames,
      ends: ends)
    var reports: [Minute] = []
    for number in 0..<minutes * framesPerMinute {
      let image = images[index(of: number, count: images.count)]
      _ = backend.add(SLAMFrame(number: number, nanos: Int64(number) * 33_333_333, image: image))
      guard (number + 1) % framesPerMinute == 0 else { continue }
      let grown = before.flatMap { before in anonymousBytes().map { $0 - before } }
      reports.append(minute(reports.count + 1, backend.memory, frames.takeAll(), grown))
    }
    backend.finish()
    let truth = try TrajectoryFormat.tum.poses(in: text("groundtruth.txt"))
    func error(round: Int) -> Double? {
      let poses = backend.trajectory.filter { $0.frameNumber / images.count == round }.map { pose in
        TimedPose(
          nanos: times[index(of: pose.frameNumber, count: images.count)], worldFromCamera: pose.worldFromCamera)
      }
      return TrajectoryError(truth: truth, estimate: poses.sorted { $0.nanos < $1.nanos }, withScale: true)?
        .rootMeanSquare
    }
    return Report(
      sequence: folder.split(separator: "/").last.map(String.init) ?? folder, minutes: reports,
      finishSeconds: ends.total, firstError: error(round: 0),
      lastError: error(round: max(minutes * framesPerMinute / images.count - 1, 0)))
  }

  private static let framesPerMinute = 1_800

  /// The picture that is shown as a frame: forward in even rounds, backward in odd ones.
  private static func index(of number: Int, count: Int) -> Int {
    let (round, offset) = number.quotientAndRemainder(dividingBy: count)
    return round % 2 == 0 ? offset : count - 1 - offset
  }

  private static func minute(_ minute: Int, _ memory: SLAMMemory, _ seconds: [Double], _ grown: Int?) -> Minute {
    let sorted = seconds.sorted()
    func millis(_ share: Double) -> Double { 1_000 * sorted[min(Int(share * Double(sorted.count)), sorted.count - 1)] }
    return Minute(
      minute: minute, keyFrames: memory.keyFrames, recognisableKeyFrames: memory.describedKeyFrames,
      points: memory.points, featureBytes: memory.featureBytes, placeBytes: memory.placeBytes, processBytes: grown,
      medianMillis: millis(0.5), p95Millis: millis(0.95), maximalMillis: millis(1))
  }

  /// Memory of the process that holds no file.
  private static func anonymousBytes() -> Int? {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
    let pages = text.split(separator: " ").compactMap { Int($0) }
    return pages.count > 2 ? (pages[1] - pages[2]) * Int(getpagesize()) : nil
  }

  /// A table for people: the first minute, and each that ends a fifth of the time.
  public static func table(_ reports: [Report]) -> String {
    func number(_ value: Double, _ digits: Int = 1) -> String { String(format: "%.\(digits)f", value) }
    func mebibytes(_ bytes: Int) -> String { number(Double(bytes) / 1_048_576, 0) }
    var lines = [
      "| sequence | minute | key frames | recognisable | points | features MiB | index MiB | process MiB | ms median "
        + "| ms p95 | ms max |",
      "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for report in reports {
      let step = max(report.minutes.count / 5, 1)
      for minute in report.minutes where minute.minute == 1 || minute.minute % step == 0 {
        let cells = [
          report.sequence, "\(minute.minute)", "\(minute.keyFrames)", "\(minute.recognisableKeyFrames)",
          "\(minute.points)", mebibytes(minute.featureBytes), mebibytes(minute.placeBytes),
          minute.processBytes.map(mebibytes) ?? "–", number(minute.medianMillis), number(minute.p95Millis),
          number(minute.maximalMillis, 0),
        ]
        lines.append("| " + cells.joined(separator: " | ") + " |")
      }
    }
    for report in reports {
      let errors = [report.firstError, report.lastError].map { $0.map { number($0, 4) + " m" } ?? "–" }
      lines.append(
        "\(report.sequence): ATE RMSE \(errors[0]) in the first round, \(errors[1]) in the last; "
          + "\(number(report.finishSeconds)) s at the end")
    }
    return lines.joined(separator: "\n")
  }
}

/// Keeps the brightness of all pictures of a video.
private final class FrameCollector: VideoConsumer {
  private let collected = Mutex<[GreyImage]>([])

  var images: [GreyImage] { collected.withLock { $0 } }
  var service: String { "benchmark" }
  var demand: ConsumerDemand { .pictures() }

  func consume(_ frame: ConsumedFrame) async throws {
    guard let picture = frame.picture else { return }
    let image = picture.withPlanes { luma, _, _ in
      GreyImage(width: luma.width, height: luma.height, base: luma.base, stride: luma.stride)
    }
    collected.withLock { $0.append(image) }
  }
}

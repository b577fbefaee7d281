import Detection
import Foundation
import GroundedTracking
import Inference
import MediaModel
import Observability
import OpenVINOBackend
import Segmentation
import Tracking

/// Measures whether grounded tracking stays within its bounds: objects come and go for thousands of frames, and what the
/// process holds in memory is looked at.
public struct TrackingSoak: Sendable {
  /// The state after some frames.
  public struct Point: Codable, Sendable {
    public var frame: Int
    /// Memory of the process that is in RAM, bytes.
    public var residentBytes: Int
    /// Objects that are followed.
    public var followed: Int
    /// Objects that came and went up to here.
    public var started: Int
    public var ended: Int
  }

  /// What was seen.
  public struct Report: Codable, Sendable {
    public var detector: String
    public var segmenter: String
    public var points: [Point]
    /// Growth after the first tenth of the frames, by least squares, bytes in 1,000 frames.
    public var slope: Double
  }

  /// Frames after which the scene is another one: what was there is gone.
  static let sceneFrames = 48
  private static let prompts = ["red car. person. dog.", "boat. person. big tree.", "house. red car. boat."]
  /// Frames in a second.
  private static let frameNanos: Int64 = 40_000_000

  private let names: (detector: String, segmenter: String)
  private let detector: GroundingDetector
  private let networks: SegmentationNetworks

  /// Loads the networks.
  /// - Throws: `InferenceError`
  public init(folder: String, detector name: String, segmenter: String, threads: Int? = nil) async throws {
    names = (name, segmenter)
    let backend = try OpenVINOBackend(folder: folder, options: OpenVINOOptions(threads: threads))
    var detector = try await GroundingDetector(name, from: backend, tokenizer: try BenchmarkWords.tokenizer())
    // Random weights give many boxes nearly the same, high score; a few remain.
    (detector.decoder.boxThreshold, detector.decoder.textThreshold) = (0.9999, 0.99)
    detector.decoder.maximalOverlap = 0.5
    self.detector = detector
    networks = try await SegmentationNetworks(segmenter, from: backend)
  }

  private var options: GroundedOptions {
    var options = GroundedOptions()
    (options.detectionInterval, options.minimalDetectionGap) = (9, 4)
    options.tracking.heldNanos = 400_000_000
    (options.tracking.minimalOverlap, options.tracking.promptOverlap) = (0.2, 0.3)
    (options.tracking.missesToEnd, options.tracking.maximalTracks) = (2, 4)
    return options
  }

  /// Tracks.
  /// - Parameters:
  ///   - frames: how many.
  ///   - step: frames from one look at the memory to the next.
  ///   - progress: told of each.
  /// - Throws: `InferenceError`
  public func run(frames: Int, step: Int = 1_000, progress: (Point) -> Void = { _ in }) async throws -> Report {
    var tracker = GroundedTracker(
      detector: detector, networks: networks, prompt: try detector.prompt(Self.prompts[0]), options: options)
    var (points, started, ended): ([Point], Int, Int) = ([], 0, 0)
    for number in 0..<frames {
      let scene = number / Self.sceneFrames
      if number > 0, number.isMultiple(of: 3 * Self.sceneFrames) {
        tracker.look(for: try detector.prompt(Self.prompts[scene / 3 % Self.prompts.count]))
      }
      let before = Set(tracker.followed)
      let outcome = try await tracker.track(Self.picture(number), at: Int64(number) * Self.frameNanos)
      started += outcome.started.count
      ended += before.subtracting(tracker.followed).count
      if (number + 1).isMultiple(of: step) {
        let point = Point(
          frame: number + 1, residentBytes: ProcessMetrics.residentMemoryBytes() ?? 0, followed: tracker.followed.count,
          started: started, ended: ended)
        points.append(point)
        progress(point)
      }
    }
    return Report(
      detector: names.detector, segmenter: names.segmenter, points: points,
      slope: Self.slope(points.filter { 10 * $0.frame > frames }))
  }

  /// Bytes in 1,000 frames.
  static func slope(_ points: [Point]) -> Double {
    let count = Double(points.count)
    let frame = points.reduce(0) { $0 + Double($1.frame) } / max(count, 1)
    let bytes = points.reduce(0) { $0 + Double($1.residentBytes) } / max(count, 1)
    let spread = points.reduce(0) { $0 + (Double($1.frame) - frame) * (Double($1.frame) - frame) }
    let common = points.reduce(0) { $0 + (Double($1.frame) - frame) * (Double($1.residentBytes) - bytes) }
    return spread > 0 ? 1_000 * common / spread : 0
  }

  /// A texture in blocks with squares that move over it; in every other scene its negative.
  static func picture(_ frame: Int) -> RGBImage {
    let (width, height) = (96, 54)
    let (scene, place) = frame.quotientAndRemainder(dividingBy: sceneFrames)
    let flip: UInt8 = scene.isMultiple(of: 2) ? 0 : 255
    var pixels = [UInt8](repeating: 0, count: 3 * width * height)
    for y in 0..<height {
      for x in 0..<width {
        let grey = 60 + (x / 6 * 37 + (y / 6 + scene % 7) * 91) % 97
        for (channel, share) in [5, 4, 3].enumerated() {
          pixels[3 * (y * width + x) + channel] = UInt8(grey * share / 5)
        }
      }
    }
    let squares: [(left: Int, top: Int, width: Int, height: Int, colour: [UInt8])] = [
      (place, 9, 18, 12, [240, 40, 40]), (70 - place * 4 / 5, 30, 22, 16, [30, 60, 230]),
      (40, place / 2, 10, 20, [40, 220, 60]),
    ]
    for square in squares {
      for y in square.top..<min(square.top + square.height, height) {
        for x in square.left..<min(square.left + square.width, width) {
          for channel in 0..<3 { pixels[3 * (y * width + x) + channel] = square.colour[channel] }
        }
      }
    }
    return RGBImage(width: width, height: height, pixels: pixels.map { $0 ^ flip })
  }

  /// A table for people.
  public static func table(_ report: Report) -> String {
    func megabytes(_ bytes: Double) -> String { String(format: "%.1f", bytes / 1_048_576) }
    let lines = report.points.map { point in
      "| \(point.frame) | \(megabytes(Double(point.residentBytes))) | \(point.followed) | \(point.started) "
        + "| \(point.ended) |"
    }
    return
      ([
        "\(report.detector)+\(report.segmenter): \(megabytes(report.slope)) MiB in 1,000 frames", "",
        "| frames | resident MiB | followed | came | went |", "|---:|---:|---:|---:|---:|",
      ] + lines).joined(separator: "\n")
  }
}

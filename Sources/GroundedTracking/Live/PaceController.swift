public import Tracking

/// Decides how much the networks are asked for on a live stream, by how long they took so far.
///
/// A value: durations and times are given, so that the same ones lead to the same decisions.
public struct PaceController: Hashable, Sendable {
  /// One run of the segmenter.
  private struct Run: Hashable, Sendable {
    var objects: Int
    var nanos: Int64
  }

  /// Runs that the segmenter's speed is known by, the last ones.
  private static let rememberedRuns = 16
  /// A search by the next larger network is expected to take at most this share of what is allowed, or it is not tried.
  private static let ambition = 0.7

  public let options: PaceOptions
  /// Frames from one search to the next that are asked for, where there is time.
  public let baseInterval: Int
  /// Pixels of the detector's networks, the largest first.
  private let areas: [Int]
  private var runs: [Run] = []
  /// By network; `nil` where it was never run.
  private var searches: [Double?]
  private var lastFrame: Int64?
  /// Nanoseconds from frame to frame, smoothed.
  private var interval: Double?
  /// Which of the detector's networks is run; 0 is the largest.
  public private(set) var detectionSize = 0

  /// - Precondition: the detector has a network.
  public init(_ options: PaceOptions = PaceOptions(), baseInterval: Int, areas: [Int]) {
    precondition(!areas.isEmpty && baseInterval > 0)
    self.options = options
    self.baseInterval = baseInterval
    self.areas = areas
    searches = Array(repeating: nil, count: areas.count)
  }

  /// A frame came.
  public mutating func frame(at nanos: Int64) {
    if let lastFrame, nanos > lastFrame {
      let step = Double(nanos - lastFrame)
      // A gap of the stream is no pace.
      if step < 2e9 { interval = interval.map { $0 + (step - $0) / 8 } ?? step }
    }
    lastFrame = nanos
  }

  /// The segmenter looked for some objects.
  public mutating func segmented(objects: Int, in nanos: Int64) {
    guard objects > 0 else { return }
    runs.append(Run(objects: objects, nanos: nanos))
    if runs.count > Self.rememberedRuns { runs.removeFirst() }
  }

  /// The detector searched a picture.
  public mutating func detected(size: Int, in nanos: Int64) {
    searches[size] = searches[size].map { $0 + (Double(nanos) - $0) / 3 } ?? Double(nanos)
    chooseSize()
  }

  private mutating func chooseSize() {
    guard let duration = searches[detectionSize] else { return }
    let limit = Double(options.detectionNanos)
    if duration > limit, detectionSize + 1 < areas.count {
      detectionSize += 1
    } else if detectionSize > 0 {
      // Nearly as many pixels take nearly as long.
      let larger = detectionSize - 1
      let expected = duration * Double(areas[larger]) / Double(areas[detectionSize])
      if expected < Self.ambition * limit { detectionSize = larger }
    }
  }

  /// What the segmenter takes, nanoseconds: for the picture, and for each object; `nil` before it ran.
  private var cost: (picture: Double, object: Double)? {
    guard let last = runs.last else { return nil }
    let count = Double(runs.count)
    let objects = runs.reduce(0) { $0 + Double($1.objects) } / count
    let nanos = runs.reduce(0) { $0 + Double($1.nanos) } / count
    let spread = runs.reduce(0) { $0 + (Double($1.objects) - objects) * (Double($1.objects) - objects) }
    let common = runs.reduce(0) { $0 + (Double($1.objects) - objects) * (Double($1.nanos) - nanos) }
    guard spread > 0 else { return (nanos / 2, nanos / 2 / Double(last.objects)) }
    let object = min(max(common / spread, 0), nanos / objects)
    return (nanos - object * objects, object)
  }

  /// How many objects the segmenter looks for in one frame, at least one; those that need it least wait for another.
  public var objectsAtOnce: Int {
    guard let cost else { return 4 }
    guard cost.object > 0 else { return Int.max }
    return max(1, Int(min((Double(options.maskAgeNanos) - cost.picture) / cost.object, 1e6)))
  }

  /// Whether the segmenter keeps up with the stream for so many objects.
  public func keepsUp(with objects: Int) -> Bool {
    guard let cost, let interval else { return false }
    return cost.picture + cost.object * Double(objects) <= interval
  }

  /// Frames from one search to the next: no more often than is asked for, nor than the machine has time for.
  public var detectionInterval: Int {
    guard let interval, let duration = searches[detectionSize] else { return baseInterval }
    return max(baseInterval, Int((duration / options.detectionShare / interval).rounded(.up)))
  }

  /// What it decided, for people.
  public var choices: [FinderReport.Choice] {
    var choices = [FinderReport.Choice("detection interval", "\(detectionInterval) frames")]
    if let duration = searches[detectionSize] {
      choices.append(.init("detection time", "\(Int(duration / 1e6)) ms"))
    }
    if let cost {
      choices.append(.init("mask time", "\(Int(cost.picture / 1e6)) ms and \(Int(cost.object / 1e6)) ms an object"))
      let count = objectsAtOnce
      choices.append(.init("objects at once", count > 1000 ? "all" : "\(count)"))
    }
    if let interval { choices.append(.init("stream", "\(Int((1e9 / interval).rounded())) frames a second")) }
    return choices
  }
}

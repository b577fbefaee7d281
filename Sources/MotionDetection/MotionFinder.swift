public import MediaModel
public import Tracking

/// The mode that needs no model: finds what moves by itself, whatever it is.
public actor MotionFinder: ObjectFinder {
  public nonisolated let mode = "motion"
  private var follower: MotionFollower
  private var detectionCount = 0
  private var reportedStarts = 0
  private var resolution: Resolution?
  private let workingWidth: Int

  public init(_ options: MotionOptions = MotionOptions()) {
    follower = MotionFollower(options)
    workingWidth = options.workingWidth
  }

  public func report() -> FinderReport {
    var choices: [FinderReport.Choice] = []
    if var size = resolution {
      while size.width > workingWidth { size = Resolution(width: size.width / 2, height: size.height / 2) }
      choices.append(.init("input", "\(size.width)×\(size.height)"))
    }
    let hundredths = Int((follower.focalLengthInWidths * 100).rounded())
    choices.append(.init("focal length", "\(hundredths) % of the width"))
    let started = follower.startedCount
    defer { (detectionCount, reportedStarts) = (0, started) }
    return FinderReport(choices: choices, detectionCount: detectionCount, startedCount: started - reportedStarts)
  }

  public func find(in picture: Picture, number: Int, at nanos: Int64, isLive: Bool) -> [TrackedObject] {
    resolution = picture.resolution
    let objects = follower.find(in: picture, at: nanos)
    detectionCount += follower.observationCount
    return objects
  }
}

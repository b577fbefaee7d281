public import MediaModel

/// Turns a sender's RTP time into its capture time, by its sender reports where it sends any.
///
/// Until the first report, time counts from the arrival of the first access unit. A later report moves the mapping:
/// small corrections are spread, so that no picture seems to jump; large ones are made in one step at a key frame.
public struct SenderClock: Sendable {
  /// Corrections larger than this are steps.
  private static let stepThreshold = Nanoseconds.seconds(1)

  private var unwrapper = RTPTimestampUnwrapper()
  /// Capture time minus media time, of what was handed out last.
  private var offset: Int64?
  /// The same by the latest sender report.
  private var reportedOffset: Int64?
  private var newest: RTPTicks?

  /// Starts without a mapping.
  public init() {}

  /// Whether the mapping comes from a sender report.
  public var isSynchronized: Bool { reportedOffset != nil && offset == reportedOffset }

  /// Notes a sender report.
  public mutating func received(_ report: RTCPSenderReport) {
    // Zero is "no clock" (RFC 3550 §6.4.1); some cameras send it throughout.
    guard report.ntp.seconds != 0 else { return }
    let ticks = unwrapper.nearest(to: report.rtpTimestamp)
    if newest == nil { _ = unwrapper.unwrap(report.rtpTimestamp) }
    reportedOffset = report.ntp.wallTime.nanosSince1970 &- ticks.duration.value
  }

  /// The capture time of an access unit with this RTP time, on the sender's clock if known, else on ours.
  /// - Parameter arrival: our wall clock when it came in.
  public mutating func captureTime(ofUnitAt timestamp: UInt32, isKeyFrame: Bool, arrival: WallTime) -> WallTime {
    let ticks = unwrapper.unwrap(timestamp)
    let media = ticks.duration.value
    let elapsed = newest.map { max(0, media &- $0.duration.value) } ?? 0
    newest = newest.map { max($0, ticks) } ?? ticks
    guard let current = offset else {
      let first = reportedOffset ?? arrival.nanosSince1970 &- media
      offset = first
      return WallTime(nanosSince1970: media &+ first)
    }
    var updated = current
    if let reportedOffset {
      let correction = reportedOffset &- current
      if correction.magnitude <= Self.stepThreshold.value.magnitude {
        // At most 5 % faster or slower than the sender's own pace.
        updated = current &+ min(max(correction, -elapsed / 20), elapsed / 20)
      } else if isKeyFrame {
        updated = reportedOffset
      }
    }
    offset = updated
    return WallTime(nanosSince1970: media &+ updated)
  }
}

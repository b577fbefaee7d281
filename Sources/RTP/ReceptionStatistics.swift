public import MediaModel

/// Counts one sender's packets for receiver reports, RFC 3550 §A.3 and §A.8.
public struct ReceptionStatistics: Sendable {
  private let ssrc: UInt32
  private var baseSequence: UInt32
  private var highestSequence: UInt32
  private var received: UInt32 = 0
  private var expectedBefore: UInt32 = 0
  private var receivedBefore: UInt32 = 0
  private var lastTransit: Int64?
  private var jitter = 0.0
  private var lastSenderReport: (middle: UInt32, at: HostTime)?

  /// Starts with the first packet of `ssrc`, which is still to be given to ``received(_:at:)``.
  public init(first header: RTPHeader) {
    ssrc = header.ssrc
    baseSequence = UInt32(header.sequence)
    highestSequence = UInt32(header.sequence)
  }

  /// Counts a packet.
  public mutating func received(_ header: RTPHeader, at now: HostTime) {
    received &+= 1
    let step = Int16(bitPattern: header.sequence &- UInt16(truncatingIfNeeded: highestSequence))
    if step > 0 { highestSequence &+= UInt32(step) }
    let arrival = Int64(Double(now.nanos) * 9e-5)
    let transit = arrival &- Int64(header.timestamp)
    if let lastTransit {
      // Modulo 2³², as timestamps wrap.
      let difference = abs(Int64(Int32(truncatingIfNeeded: transit &- lastTransit)))
      jitter += (Double(difference) - jitter) / 16
    }
    lastTransit = transit
  }

  /// Notes a sender report, which the next report block echoes.
  public mutating func received(_ report: RTCPSenderReport, at now: HostTime) {
    lastSenderReport = (report.ntp.middle, now)
  }

  /// The report block for this sender; starts a new interval.
  public mutating func report(at now: HostTime) -> RTCPReportBlock {
    let expected = highestSequence &- baseSequence &+ 1
    let lost = Int64(expected) - Int64(received)
    let expectedNow = Int64(expected &- expectedBefore)
    let lostNow = expectedNow - Int64(received &- receivedBefore)
    expectedBefore = expected
    receivedBefore = received
    let fraction = expectedNow > 0 && lostNow > 0 ? min(lostNow * 256 / expectedNow, 255) : 0
    let delay = lastSenderReport.map { max(0, now.since($0.at).value) } ?? 0
    return RTCPReportBlock(
      ssrc: ssrc, fractionLost: UInt8(fraction), cumulativeLost: Int32(min(max(lost, -0x80_0000), 0x7F_FFFF)),
      highestSequence: highestSequence, jitter: UInt32(min(jitter, Double(UInt32.max))),
      lastSenderReport: lastSenderReport?.middle ?? 0,
      delaySinceLastSenderReport: UInt32(min(delay / 1_000_000 * 65_536 / 1_000, Int64(UInt32.max))))
  }
}

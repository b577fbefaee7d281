import MediaModel
import NIOCore
import TelemetryProtocol
import Testing

struct PhoneSessionTests {
  private static let phoneEpoch: Int64 = 5_000_000_000

  /// 30 samples of 200 Hz, each 2 ms on its way.
  private func feed(_ session: inout PhoneSession, _ indices: some Sequence<Int>) -> [PhonePublication] {
    indices.flatMap { index in
      session.text(sample(Self.phoneEpoch + Int64(index) * 5_000_000), at: receiveTime(Double(index) * 5 + 2))
        .publications
    }
  }

  @Test func samplesArePublishedAsTheyCameWithTheirTimes() throws {
    var session = PhoneSession()
    let publications = feed(&session, 0..<30)
    #expect(publications.count == 30)
    let last = try #require(publications.last)
    #expect(last.kind == .sample)
    #expect(last.body == sample(Self.phoneEpoch + 29 * 5_000_000))
    #expect(last.senderNanos == Self.phoneEpoch + 29 * 5_000_000)
    #expect(last.receivedAt == receiveTime(147))
    // The fastest sample is taken to have needed no time.
    #expect(last.capturedAt == receiveTime(147).wall)
    #expect(session.clockOffset == Nanoseconds(receiveTime(2).wall.nanosSince1970 - Self.phoneEpoch))
    let summary = try #require(session.summaries[.imu])
    #expect(summary.total == 30)
    #expect(summary.mean == .milliseconds(5))
    #expect(summary.jitter == .zero)
    #expect(summary.ratePerSecond == 200)
  }

  @Test func repetitionsAreCounted() {
    var session = PhoneSession()
    let first = session.text(sample(1_000), at: receiveTime(0))
    #expect(first.publications.isEmpty)
    #expect(first.nextDeadline == receiveTime(50).host)
    #expect(session.text(sample(1_000), at: receiveTime(1)).duplicates == 1)
    let due = session.deadlineReached(at: receiveTime(50).host)
    #expect(due.publications.map(\.delay) == [.milliseconds(50)])
    #expect(due.nextDeadline == nil)
  }

  @Test func otherMessagesDoNotWait() {
    var session = PhoneSession()
    let mode = text(#"{"type":"analysis_mode","data":"yolo"}"#)
    #expect(session.text(mode, at: receiveTime(0)).publications.map(\.kind) == [.analysisMode])
    let other = text(#"{"type":"x"}"#)
    #expect(session.text(other, at: receiveTime(0)).publications.map(\.body) == [other])
    var picture = ByteBuffer(integer: UInt64(7))
    picture.writeImmutableBuffer(jpegHead())
    let frame = session.binary(picture, at: receiveTime(3)).publications
    #expect(frame.map(\.kind) == [.frame(Resolution(width: 640, height: 480))])
    #expect(frame.map(\.senderNanos) == [7])
    #expect(session.text(text("{"), at: receiveTime(0)).rejects == [.malformed(offset: 1)])
  }

  @Test func whatIsKnownOfAPhoneIsItsLatest() {
    var session = PhoneSession()
    _ = session.text(sample(1_000, #","battery":50,"status":"ok""#), at: receiveTime(0))
    let partial = text(
      #"{"type":"imu_data","timestamp":2000,"gps":{"latitude":1,"longitude":2},"battery":{"level":49}}"#)
    _ = session.text(partial, at: receiveTime(1))
    let effects = session.finish(at: receiveTime(2).host)
    #expect(effects.stateChanged)
    #expect(effects.publications.map(\.kind) == [.sample, .partialSample])
    #expect(session.state.batteryLevel == 0.49)
    #expect(session.state.status == "ok")
    #expect(session.state.gps?.longitudeDegrees == 2)
  }

  @Test func uploadsThatBreakOffAreGivenUp() {
    var session = PhoneSession()
    let start = text(#"{"type":"file_upload_start","fileName":"a.csv"}"#)
    let begun = session.text(start, at: receiveTime(0))
    #expect(begun.nextDeadline == receiveTime(60_000).host)
    #expect(session.openUploads == 1)
    let effects = session.deadlineReached(at: receiveTime(60_000).host)
    #expect(effects.uploads.failures.map(\.problem) == [.abandoned])
  }

  @Test func statisticsBeginAnewEachMinute() throws {
    var session = PhoneSession()
    _ = feed(&session, 0..<30)
    session.beginWindow()
    // A gap in the new minute; the old one is shown until there is enough to say.
    _ = feed(&session, [30])
    #expect(try #require(session.summaries[.imu]).intervals == 29)
    _ = feed(&session, [50] + Array(51..<70))
    _ = session.deadlineReached(at: receiveTime(1_000).host)
    let summary = try #require(session.summaries[.imu])
    #expect(summary.total == 51)
    #expect(summary.longestGap == .milliseconds(100))
    #expect(summary.jitter > .milliseconds(10))
  }
}

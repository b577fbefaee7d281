import FFmpeg
import Foundation
import NIOCore
import MediaModel
import Synchronization
import Testing

/// The hook is one for the process, so these tests run one after the other.
@Suite(.serialized) struct LogTests {
  @Test func linesGoToTheHookAtABoundedRate() throws {
    let records = Mutex<[FFmpegLog.Record]>([])
    FFmpegLog.redirect(minimum: .warning, linesPerSecond: 3) { record in records.withLock { $0.append(record) } }
    defer { FFmpegLog.redirect(to: nil) }
    let decoder = try H264Decoder()
    for _ in 0..<50 {
      // A slice without parameter sets: the decoder complains about each.
      let orphan = ByteBuffer(bytes: [0, 0, 0, 1, 0x65, 0x88, 0x84, 0x00, 0x10, 0xFF])
      _ = try? decoder.decode(orphan, presentationTime: .zero)
    }
    let seen = records.withLock { $0 }
    #expect(!seen.isEmpty)
    // 50 complaints take a fraction of a second; one change of window may lie in it.
    #expect(seen.count <= 6)
    #expect(seen.contains { $0.component == "h264" && $0.level == .error })
    #expect(seen.allSatisfy { !$0.text.hasSuffix("\n") && !$0.text.isEmpty })
  }
}

import Clocks
import CodedMedia
import FFmpeg
import Foundation
import H264
import JPEG
import Logging
import MediaModel
import NIOCore
import Recording
import Relay
import Testing
import TestSupport
import VideoConsumer

@Suite struct RecordingSourceTests {
  /// JPEGs of every picture of a file, by the number of their access unit in decoding order.
  private func reference(_ path: String, every interval: Int) throws -> [Int: Data] {
    let demuxer = try Demuxer(MediaLocation(path), interrupt: IOInterrupt())
    let decoder = try H264Decoder(options: DecoderOptions(for: demuxer.video))
    let encoder = try JPEGEncoder()
    var jpegs: [Int: Data] = [:]
    var number = 0
    func take(_ pictures: [DecodedPicture]) throws {
      for decoded in pictures {
        let unit = Int(decoded.presentationTime.value)
        if (unit - 1) % interval == 0 { jpegs[unit] = Data(try encoder.encode(decoded.picture, quality: 85)) }
      }
    }
    var prefix = demuxer.video.extradata
    while let packet = try demuxer.next() {
      number += 1
      prefix.writeImmutableBuffer(packet.bytes)
      try take(try decoder.decode(prefix, presentationTime: Nanoseconds(Int64(number))))
      prefix.clear()
    }
    try take(try decoder.flush())
    return jpegs
  }

  @Test(
    .enabled(if: TestData.has("videos"), "\(TestData.absent)"),
    arguments: [("21_biker.mp4", 239), ("drone_nadir_hover_1080p25.mp4", 177)])
  func aFileIsRecordedFrameByFrame(name: String, frames: Int) async throws {
    let path = try #require(TestData.url("videos/\(name)")).path
    let bench = RecordingBench()
    let recorder = try #require(bench.recorder)
    let runner = ConsumerRunner(source: .file(path: path), consumers: [recorder], logger: bench.log.logger)
    try await runner.run()

    let session = try #require(bench.catalog.sessions().first)
    #expect(session.totalFrames == frames && session.endTime != nil)
    if let decoded = try bench.decodedFrames(bench.path(session, "video.mp4")) { #expect(decoded == frames) }
    // B-frames or not: a still shows the picture of its frame.
    let expected = try reference(path, every: 30)
    let names = try bench.names(session).filter { $0.hasSuffix(".jpg") }
    #expect(names.count == (frames + 29) / 30)
    for (number, jpeg) in expected {
      let file = bench.path(session, "frame_\(String(repeating: "0", count: 6 - "\(number)".count))\(number).jpg")
      #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == jpeg, "frame \(number)")
    }
    #expect(bench.log.errors == 0)
  }

  @Test(.timeLimit(.minutes(1))) func everyStreamOfThisServerIsRecorded() async throws {
    let folder = TemporaryFolder()
    let log = LogCapture()
    var options = RecorderOptions(folder: folder.path("recordings"))
    options.minimumFreeBytes = 0
    let relay = Relay(logger: log.logger)
    let service = RelayRecorder(
      relay: relay, options: options, keeper: RecordingKeeper(options: options, logger: log.logger),
      metrics: RecordingMetrics(), logger: log.logger)
    let clip = try CodedClip.make(40)
    let names = try ["drone", "second"].map { try #require(StreamName($0)) }
    let leases = try names.map { try relay.claim($0, peer: "test") {} }
    let elsewhere = try relay.claim(
      try #require(StreamName("third")), peer: "node a", origin: .remote(node: "a", epoch: 1), onRevoked: {})
    let running = Task { try await service.run() }
    for lease in leases {
      // It polls the relay; no event says that it has joined.
      while lease.stream.snapshot().readers[.recorder] != 1 { try await Task.sleep(for: .milliseconds(5)) }
    }
    for picture in clip {
      for lease in leases + [elsewhere] { lease.publish(picture, receivedAt: relay.clocks.host()) }
    }
    let catalog = RecordingCatalog(folder: options.folder)
    while catalog.sessions().count(where: \.isActive) < 2 { try await Task.sleep(for: .milliseconds(5)) }
    #expect(service.pauseReasons.isEmpty)
    running.cancel()
    try await running.value
    let sessions = catalog.sessions()
    #expect(Set(sessions.map(\.stream)) == ["drone", "second"])
    #expect(sessions.allSatisfy { !$0.isActive && $0.endTime != nil })
    // What was still on the way when it was told to stop need not be recorded.
    #expect(sessions.allSatisfy { (1...40).contains($0.totalFrames) })
    #expect(log.errors == 0)
  }
}

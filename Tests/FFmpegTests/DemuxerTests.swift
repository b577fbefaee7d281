import CodedMedia
import FFmpeg
import Foundation
import MediaModel
import NIOCore
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A server that takes connections and never answers.
private final class BlackHole: Sendable {
  let port: UInt16
  private let descriptor: Int32

  init() throws {
    #if canImport(Glibc)
      descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      descriptor = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    try withUnsafeMutablePointer(to: &address) { pointer in
      try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        try #require(bind(descriptor, address, length) == 0 && listen(descriptor, 4) == 0)
        try #require(getsockname(descriptor, address, &length) == 0)
      }
    }
    port = UInt16(bigEndian: address.sin_port)
  }

  deinit { close(descriptor) }

  func awaitConnection() { _ = accept(descriptor, nil, nil) }
}

@Suite struct DemuxerTests {
  @Test(arguments: ["rtsp://127.0.0.1:%/x", "http://127.0.0.1:%/x.ts", "rtmp://127.0.0.1:%/live/x"])
  func aSilentServerCannotHoldAThread(pattern: String) throws {
    let server = try BlackHole()
    let location = MediaLocation(pattern.replacing("%", with: "\(server.port)"))
    var options = Demuxer.Options()
    options.openTimeout = .milliseconds(200)
    let start = ContinuousClock.now
    #expect(throws: FFmpegError.timedOut(.open, place: "\(location)")) { _ = try Demuxer(location, options: options) }
    #expect(ContinuousClock.now - start < .seconds(1.2))
  }

  @Test func cancellingEndsOpeningWithinASecond() async throws {
    let server = try BlackHole()
    let location = MediaLocation("rtsp://127.0.0.1:\(server.port)/x")
    let interrupt = IOInterrupt()
    async let opening = onThread { () -> (error: FFmpegError?, endedAt: ContinuousClock.Instant) in
      var options = Demuxer.Options()
      options.openTimeout = nil
      do throws(FFmpegError) {
        _ = try Demuxer(location, options: options, interrupt: interrupt)
        return (nil, .now)
      } catch {
        return (error, .now)
      }
    }
    // Once it is connected it waits for an answer for ever.
    await onThread { server.awaitConnection() }
    let cancelledAt = ContinuousClock.now
    interrupt.cancel()
    let result = await opening
    #expect(result.error == .cancelled(.open, place: "\(location)"))
    #expect(result.endedAt - cancelledAt < .seconds(1))
  }

  @Test func errorsNameThePlaceAndNeverTheCredentials() throws {
    let missing = MediaLocation("/nowhere/at all.mp4")
    #expect(throws: FFmpegError.self) { _ = try Demuxer(missing) }
    do {
      _ = try Demuxer(MediaLocation("rtsp://user:secret@127.0.0.1:1/x?token=hidden"))
      Issue.record("nobody listens on port 1")
    } catch {
      #expect("\(error)".contains("rtsp://127.0.0.1:1/x"))
      #expect(!"\(error)".contains("secret") && !"\(error)".contains("hidden") && !"\(error)".contains("user"))
    }
  }

  @Test func aFileWithoutVideoIsRefused() throws {
    let path = temporaryPath(".mp4")
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(repeating: 7, count: 5000).write(to: URL(filePath: path))
    #expect(throws: FFmpegError.self) { _ = try Demuxer(MediaLocation(path)) }
  }

  @Test func anUnknownOptionIsNamed() throws {
    var options = Demuxer.Options()
    options.format = "lavfi"
    options.values = ["no_such_option": "1"]
    #expect(throws: FFmpegError.invalidArgument("FFmpeg's lavfi has no option 'no_such_option'")) {
      _ = try Demuxer(MediaLocation("testsrc=duration=1"), options: options)
    }
  }

  @Test func locationsKnowWhatTheyAre() {
    #expect(MediaLocation("-").isStandardInput && !MediaLocation("-").isPath)
    #expect(MediaLocation("RTSP://host/x").scheme == "rtsp" && MediaLocation("rtsp://host/x").isLive)
    #expect(MediaLocation("/tmp/a:b.mp4").isPath && !MediaLocation("/tmp/a:b.mp4").isLive)
    #expect(MediaLocation("/dev/video0").isLive)
    #expect(MediaLocation("https://me:pw@host/v.mp4?sig=1").description == "https://host/v.mp4")
    #expect(MediaLocation("/tmp/what?.mp4").description == "/tmp/what?.mp4")
  }

  /// Our pusher on one side, our demuxer waiting for an encoder on the other.
  @Test(arguments: ["rtsp://127.0.0.1:%/drone", "rtmp://127.0.0.1:%/live/drone"])
  func whatIsPushedToAListenerArrives(pattern: String) async throws {
    let port = try BlackHole().port
    let location = MediaLocation(pattern.replacing("%", with: "\(port)"))
    let size = Resolution(width: 320, height: 240)
    let encoder = try H264Encoder(resolution: size, frameRate: FrameRate(30))
    let units = try (0..<45).flatMap {
      try encoder.encode(movingPicture($0, size), presentationTime: .milliseconds(33 * Int64($0)))
    }
    let sets = try #require(parameterSets(inAnnexB: units[0].bytes, size))
    let interrupt = IOInterrupt()
    let server = RunningThread { Result { () throws(FFmpegError) in try receive(45, from: location, interrupt) } }
    let isPushed = await onThread { push(units, sets, to: location) }
    // A listener that nobody reached would wait for ever.
    if !isPushed { interrupt.cancel() }
    let arrived = try #require(await server.result).get()
    #expect(arrived.count >= 44, "the last unit waits for the first packet of its successor")
    let decoder = try H264Decoder()
    for (index, bytes) in arrived.enumerated() {
      let picture = try #require(try decoder.decode(bytes, presentationTime: .zero).first)
      #expect(lumaPSNR(picture.picture, movingPicture(index, size)) > 30)
    }
  }

  @Sendable private func receive(
    _ count: Int, from location: MediaLocation, _ interrupt: IOInterrupt
  ) throws(FFmpegError) -> [ByteBuffer] {
    var options = Demuxer.Options()
    options.listens = true
    options.readTimeout = .seconds(3)
    let demuxer = try Demuxer(location, options: options, interrupt: interrupt)
    var bytes: [ByteBuffer] = []
    while bytes.count < count, let packet = try demuxer.next() { bytes.append(packet.bytes) }
    return bytes
  }

  /// Connects as soon as the server listens, and sends.
  /// - Returns: whether there was a server.
  @Sendable private func push(_ units: [EncodedPicture], _ sets: ParameterSets, to location: MediaLocation) -> Bool {
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
      guard let pusher = try? StreamPusher(to: location, parameterSets: sets) else {
        Thread.sleep(forTimeInterval: 0.02)
        continue
      }
      for unit in units {
        try? pusher.send(
          unit.bytes, presentationTime: unit.presentationTime, decodeTime: unit.presentationTime,
          isKeyFrame: unit.isKeyFrame)
      }
      // The server may have hung up, having all that it wanted.
      try? pusher.finish()
      return true
    }
    return false
  }

  @Test func pushingToNobodyFailsAtOnce() throws {
    let size = Resolution(width: 320, height: 240)
    let encoder = try H264Encoder(resolution: size, frameRate: FrameRate(30))
    let unit = try #require(try encoder.encode(movingPicture(0, size), presentationTime: .zero).first)
    let sets = try #require(parameterSets(inAnnexB: unit.bytes, size))
    #expect(throws: FFmpegError.self) {
      _ = try StreamPusher(to: MediaLocation("rtsp://127.0.0.1:1/drone"), parameterSets: sets)
    }
  }
}

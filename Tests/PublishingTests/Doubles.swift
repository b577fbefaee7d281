import Clocks
import CodedMedia
import FFmpeg
import Foundation
import Logging
import MediaModel
import NIOCore
import Publishing
import Synchronization

/// Keeps what it is sent, and ends the publishing after so many pictures.
final class CollectingSink: AccessUnitSink {
  struct Full: Error {}

  private let limit: Int
  private let state = Mutex<[CodedPicture]>([])

  init(limit: Int = .max) { self.limit = limit }

  var pictures: [CodedPicture] { state.withLock { $0 } }

  func send(_ picture: CodedPicture) async throws {
    let count = state.withLock { pictures in
      pictures.append(picture)
      return pictures.count
    }
    if count >= limit { throw Full() }
  }
}

/// Time that passes only while somebody waits.
final class VirtualTime: Sendable {
  private let state = Mutex((nanos: Int64(1_000_000_000), pauses: [Nanoseconds]()))

  var now: HostTime { HostTime(nanos: state.withLock { $0.nanos }) }
  var pauses: [Nanoseconds] { state.withLock { $0.pauses } }

  func advance(by duration: Nanoseconds) { state.withLock { $0.nanos += duration.value } }

  /// - Parameter limit: pauses after which the task counts as cancelled.
  func pace(pausesAtMost limit: Int = .max) -> Pace {
    Pace(
      clocks: SystemClocks(
        host: { self.now }, wall: { WallTime(nanosSince1970: self.now.nanos + 1_700_000_000_000_000_000) })
    ) { duration in
      let count = self.state.withLock { state in
        state.nanos += duration.value
        state.pauses.append(duration)
        return state.pauses.count
      }
      if count >= limit { throw CancellationError() }
    }
  }
}

let silentLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Writes a raw H.264 file of a moving gradient and returns its path.
func makeVideo(_ count: Int, rate: FrameRate = FrameRate(25)) throws -> String {
  let size = Resolution(width: 96, height: 64)
  var options = H264Encoder.Options()
  options.keyFrameInterval = 5
  let encoder = try H264Encoder(resolution: size, frameRate: rate, options: options)
  var bytes = ByteBuffer()
  for index in 0..<count {
    let builder = PictureBuilder(resolution: size)
    for offset in 0..<builder.strides.luma * size.height {
      builder.luma[offset] = UInt8((offset + 5 * index) % 200 + 20)
    }
    for offset in 0..<builder.strides.chroma * size.height / 2 {
      builder.cb[offset] = 128
      builder.cr[offset] = 128
    }
    for unit in try encoder.encode(builder.seal(), presentationTime: .zero) { bytes.writeImmutableBuffer(unit.bytes) }
  }
  let path = FileManager.default.temporaryDirectory.appending(path: "worldsystem-\(UUID()).h264").path
  try Data(bytes.readableBytesView).write(to: URL(filePath: path))
  return path
}

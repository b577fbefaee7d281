import FFmpeg
import Foundation
import MediaModel

/// A picture with structure everywhere that moves with `index`.
func movingPicture(_ index: Int, _ size: Resolution = Resolution(width: 320, height: 240)) -> Picture {
  let builder = PictureBuilder(resolution: size)
  for row in 0..<size.height {
    for column in 0..<size.width {
      let wave = sin(Double(column + 3 * index) / 17) + cos(Double(row - index) / 11)
      builder.luma[row * builder.strides.luma + column] = UInt8(126 + 50 * wave)
    }
  }
  for row in 0..<(size.height + 1) / 2 {
    for column in 0..<(size.width + 1) / 2 {
      builder.cb[row * builder.strides.chroma + column] = UInt8(90 + (column + index) % 64)
      builder.cr[row * builder.strides.chroma + column] = UInt8(90 + (row + index) % 64)
    }
  }
  return builder.seal()
}

/// Peak signal-to-noise ratio of luma, dB.
func lumaPSNR(_ left: Picture, _ right: Picture) -> Double {
  left.withPlanes { first, _, _ in
    right.withPlanes { second, _, _ in
      var squares = 0.0
      for row in 0..<first.height {
        for column in 0..<first.width {
          let difference =
            Double(first.base[row * first.stride + column])
            - Double(second.base[row * second.stride + column])
          squares += difference * difference
        }
      }
      let mean = squares / Double(first.width * first.height)
      return mean == 0 ? .infinity : 10 * log10(255 * 255 / mean)
    }
  }
}

/// Every packet of a source.
func packets(of location: MediaLocation, options: Demuxer.Options = Demuxer.Options()) throws -> [DemuxedPacket] {
  let demuxer = try Demuxer(location, options: options)
  var packets: [DemuxedPacket] = []
  while let packet = try demuxer.next() { packets.append(packet) }
  return packets
}

/// A path in the temporary folder that nothing else uses.
func temporaryPath(_ ending: String) -> String {
  FileManager.default.temporaryDirectory.appending(path: "worldsystem-\(UUID().uuidString)\(ending)").path
}

/// Runs blocking work on a thread of its own.
func onThread<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
  await withCheckedContinuation { continuation in
    Thread { continuation.resume(returning: work()) }.start()
  }
}

/// Blocking work that runs on a thread of its own from the moment this is made, however busy the pool of tasks is.
struct RunningThread<Result: Sendable>: Sendable {
  private let results: AsyncStream<Result>

  init(_ work: @escaping @Sendable () -> Result) {
    let (results, continuation) = AsyncStream.makeStream(of: Result.self)
    self.results = results
    Thread {
      continuation.yield(work())
      continuation.finish()
    }.start()
  }

  /// What the work returned.
  var result: Result? { get async { await results.first { _ in true } } }
}

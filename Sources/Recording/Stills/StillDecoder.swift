import CodedMedia
import FFmpeg
import JPEG
import MediaModel
import NIOCore

/// A frame as JPEG.
struct Still: Sendable {
  var number: Int
  var capturedAt: WallTime
  var jpeg: ByteBuffer
}

/// One access unit on its way to the stills.
struct StillCandidate: Sendable {
  var unit: AccessUnit
  /// Number of the frame in the session.
  var number: Int
  /// Whether it is to become a still.
  var isWanted: Bool
}

/// Decodes as little as it takes to see the wanted frames: nothing until one comes, then everything since the last key
/// frame that was not decoded yet.
final class StillDecoder {
  /// Bounds of what waits for a wanted frame: one group of pictures.
  private static let maxUnits = 2_048
  private static let maxBytes = 64 << 20

  private let decoder: H264Decoder
  private let encoder: JPEGEncoder
  private let quality: Int
  private var undecoded: [StillCandidate] = []
  private var undecodedBytes = 0
  private var outstanding: [Int64: StillCandidate] = [:]
  private var sets: ParameterSets?
  private var awaitsKeyFrame = true
  /// Wanted frames that were given up.
  private(set) var missed = 0

  init(quality: Int) throws {
    decoder = try H264Decoder()
    encoder = try JPEGEncoder()
    self.quality = quality
  }

  /// Takes the next unit of the stream.
  /// - Returns: the stills that are ready, usually one when the unit was wanted.
  func take(_ candidate: StillCandidate) -> [Still] {
    if candidate.unit.isKeyFrame, outstanding.isEmpty {
      // What came before is not needed any more.
      drop()
      _ = try? decoder.flush()
      awaitsKeyFrame = false
    }
    guard !awaitsKeyFrame else {
      if candidate.isWanted { missed += 1 }
      return []
    }
    undecoded.append(candidate)
    if candidate.isWanted { outstanding[Int64(candidate.number)] = candidate }
    undecodedBytes += candidate.unit.bytes.readableBytes
    if undecoded.count > Self.maxUnits || undecodedBytes > Self.maxBytes {
      giveUp()
      return []
    }
    return outstanding.isEmpty ? [] : decodeWaiting()
  }

  /// A group of pictures is too long to wait for its next still.
  private func giveUp() {
    missed += outstanding.count
    outstanding = [:]
    drop()
    awaitsKeyFrame = true
  }

  /// The stills that the decoder still held.
  func finish() -> [Still] {
    let stills = outstanding.isEmpty ? [] : self.stills((try? decoder.flush()) ?? [])
    missed += outstanding.count
    outstanding = [:]
    return stills
  }

  private func drop() {
    undecoded = []
    undecodedBytes = 0
    sets = nil
  }

  private func decodeWaiting() -> [Still] {
    var ready: [Still] = []
    for candidate in undecoded {
      let unit = candidate.unit
      var bytes = unit.bytes
      if sets !== unit.parameterSets {
        sets = unit.parameterSets
        if !unit.picture.carriesParameterSets {
          bytes = unit.parameterSets.annexB
          bytes.writeImmutableBuffer(unit.bytes)
        }
      }
      // The number stands in for the time: it comes back with the picture.
      guard let pictures = try? decoder.decode(bytes, presentationTime: Nanoseconds(Int64(candidate.number))) else {
        if outstanding.removeValue(forKey: Int64(candidate.number)) != nil { missed += 1 }
        continue
      }
      ready += stills(pictures)
    }
    undecoded = []
    undecodedBytes = 0
    return ready
  }

  private func stills(_ pictures: [DecodedPicture]) -> [Still] {
    pictures.compactMap { decoded in
      guard let wanted = outstanding.removeValue(forKey: decoded.presentationTime.value) else { return nil }
      guard let jpeg = try? encoder.encode(decoded.picture, quality: quality) else {
        missed += 1
        return nil
      }
      return Still(number: wanted.number, capturedAt: wanted.unit.capturedAt, jpeg: ByteBuffer(bytes: jpeg))
    }
  }
}

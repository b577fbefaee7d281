import Foundation
import MediaModel
import NIOCore

/// `metadata.json` of a session (protocol.md section 11). Times are seconds since 1970.
package struct SessionMetadata: Codable, Hashable {
  /// One video file.
  package struct File: Codable, Hashable {
    package var name: String
    /// Capture time of its first frame.
    package var start_time: Double
    package var duration_s: Double
    package var frames: Int
    package var bytes: Int
    package var width: Int
    package var height: Int
    package var codec: String
  }

  /// One frame that is also there as JPEG.
  package struct Frame: Codable, Hashable {
    package var frame_number: Int
    package var timestamp: Double
    package var path: String
  }

  package var session_id: String
  package var stream: String
  package var start_time: Double
  /// `null` while the session is recorded.
  package var end_time: Double?
  package var total_frames = 0
  /// Frames of the stream that are not in the files: the disk was full or too slow.
  package var missed_frames = 0
  /// The first still.
  package var poster: String?
  package var files: [File] = []
  package var frames: [Frame] = []

  package static let fileName = "metadata.json"
  /// A session of a day has 86,400 stills of some 80 bytes.
  package static let maxBytes = 64 << 20

  enum CodingKeys: String, CodingKey {
    case session_id, stream, start_time, end_time, total_frames, missed_frames, poster, files, frames
  }

  init(id: SessionID, stream: String, startTime: WallTime) {
    session_id = id.text
    self.stream = stream
    start_time = startTime.secondsSince1970
  }

  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    session_id = try values.decode(String.self, forKey: .session_id)
    stream = try values.decodeIfPresent(String.self, forKey: .stream) ?? ""
    start_time = try values.decode(Double.self, forKey: .start_time)
    end_time = try values.decodeIfPresent(Double.self, forKey: .end_time)
    total_frames = try values.decodeIfPresent(Int.self, forKey: .total_frames) ?? 0
    missed_frames = try values.decodeIfPresent(Int.self, forKey: .missed_frames) ?? 0
    poster = try values.decodeIfPresent(String.self, forKey: .poster)
    files = try values.decodeIfPresent([File].self, forKey: .files) ?? []
    frames = try values.decodeIfPresent([Frame].self, forKey: .frames) ?? []
  }

  package static func parse(_ bytes: ByteBuffer) -> SessionMetadata? {
    try? JSONDecoder().decode(SessionMetadata.self, from: Data(bytes.readableBytesView))
  }

  /// The whole as JSON.
  func encoded() -> ByteBuffer {
    var text = FramesText()
    for frame in frames { text.append(frame) }
    return encoded(frames: text)
  }

  /// The whole as JSON, with frames that were encoded before.
  func encoded(frames text: FramesText) -> ByteBuffer {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Encoding cannot fail: all numbers are finite, all keys are text.
    let head = (try? encoder.encode(Head(metadata: self))) ?? Data("{}".utf8)
    var buffer = ByteBuffer(bytes: head.dropLast())
    buffer.writeString(",\"frames\":[")
    buffer.writeImmutableBuffer(text.bytes)
    buffer.writeString("]}\n")
    return buffer
  }

  /// The list of frames as JSON text. It grows with the session and is written every second, so each frame is encoded
  /// once only.
  struct FramesText {
    fileprivate var bytes = ByteBuffer()

    mutating func append(_ frame: Frame) {
      if bytes.readableBytes > 0 { bytes.writeString(",") }
      // Paths are made by us and need no escaping.
      bytes.writeString(
        "{\"frame_number\":\(frame.frame_number),\"timestamp\":\(frame.timestamp),\"path\":\"\(frame.path)\"}")
    }
  }

  /// Everything but the frames; absent values are written as `null`.
  private struct Head: Encodable {
    var metadata: SessionMetadata

    func encode(to encoder: any Encoder) throws {
      var values = encoder.container(keyedBy: CodingKeys.self)
      try values.encode(metadata.session_id, forKey: .session_id)
      try values.encode(metadata.stream, forKey: .stream)
      try values.encode(metadata.start_time, forKey: .start_time)
      try values.encode(metadata.end_time, forKey: .end_time)
      try values.encode(metadata.total_frames, forKey: .total_frames)
      try values.encode(metadata.missed_frames, forKey: .missed_frames)
      try values.encode(metadata.poster, forKey: .poster)
      try values.encode(metadata.files, forKey: .files)
    }
  }
}

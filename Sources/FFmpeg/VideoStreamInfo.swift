import CFFmpeg
public import MediaModel
public import NIOCore

/// A rate as a fraction, so that 30000/1001 stays exact.
public struct FrameRate: Hashable, Sendable, CustomStringConvertible {
  public var numerator: Int
  public var denominator: Int

  /// - Precondition: both are positive.
  public init(_ numerator: Int, per denominator: Int = 1) {
    precondition(numerator > 0 && denominator > 0, "a frame rate is positive")
    self.numerator = numerator
    self.denominator = denominator
  }

  /// `nil` for what the library uses for "unknown".
  init?(_ rational: AVRational) {
    guard rational.num > 0, rational.den > 0 else { return nil }
    self.init(Int(rational.num), per: Int(rational.den))
  }

  public var framesPerSecond: Double { Double(numerator) / Double(denominator) }
  /// The time from the start of a stream to frame `index`.
  public func time(ofFrame index: Int64) -> Nanoseconds {
    Nanoseconds(av_rescale(index, Int64(denominator) * 1_000_000_000, Int64(numerator)))
  }
  public var description: String { denominator == 1 ? "\(numerator)" : "\(numerator)/\(denominator)" }
  var rational: AVRational { AVRational(num: Int32(clamping: numerator), den: Int32(clamping: denominator)) }
}

/// The video stream that a demuxer reads.
public struct VideoStreamInfo: Sendable {
  /// What the stream is coded with.
  public enum Codec: Hashable, Sendable, CustomStringConvertible {
    case h264
    /// FFmpeg's name of another codec, such as `hevc`.
    case other(String)

    public var description: String {
      switch self {
      case .h264: "h264"
      case .other(let name): name
      }
    }
  }

  public let codec: Codec
  public let resolution: Resolution
  /// Frames per second on average; `nil` where the source does not say.
  public let frameRate: FrameRate?
  /// The unit in which the source counts time.
  public let timeBase: (numerator: Int, denominator: Int)
  /// By how many pictures decoding runs ahead of output; more than 0 where there are B-frames.
  public let reorderDepth: Int
  /// How long the source is; `nil` for live sources.
  public let duration: Nanoseconds?
  /// SPS and PPS in Annex B form for H.264, what the format has otherwise; may be empty.
  public let extradata: ByteBuffer
  /// FFmpeg's name of the container or protocol.
  public let format: String
  let parameters: CodecParameters
}

/// One coded picture as it came out of a container, in decoding order.
public struct DemuxedPacket: Sendable, Equatable {
  /// The coded bytes; one access unit in Annex B form for H.264.
  public var bytes: ByteBuffer
  /// When to show the picture, on the clock of the source.
  public var presentationTime: Nanoseconds
  /// When to decode it at the latest: rises from packet to packet where the source is sound.
  public var decodeTime: Nanoseconds
  public var isKeyFrame: Bool
}

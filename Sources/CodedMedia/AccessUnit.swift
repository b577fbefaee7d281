public import MediaModel
public import NIOCore

/// One coded picture as its publisher sent it, before the relay numbers it.
public struct CodedPicture: Sendable, Equatable {
  /// Where a NAL unit lies in `bytes`: offset from the first byte to the NAL header, without start code, and length.
  public struct NALRange: Hashable, Sendable {
    public var offset: Int
    public var length: Int

    public init(offset: Int, length: Int) {
      self.offset = offset
      self.length = length
    }
  }

  /// Annex B, exactly as received: start codes of 3 or 4 bytes, parameter sets where the publisher put them.
  public var bytes: ByteBuffer
  /// The NAL units in `bytes`, in order; at least one of them is a slice.
  public var nalUnits: [NALRange]
  /// Capture time on the publisher's clock, microseconds.
  public var senderMicros: Int64
  /// Whether decoding can start here (IDR, or a recovery point with no frames to recover).
  public var isKeyFrame: Bool
  /// Whether `bytes` has an SPS and a PPS of its own.
  public var carriesParameterSets: Bool
  /// The sets that this picture decodes with.
  public var parameterSets: ParameterSets

  public init(
    bytes: ByteBuffer, nalUnits: [NALRange], senderMicros: Int64, isKeyFrame: Bool, carriesParameterSets: Bool,
    parameterSets: ParameterSets
  ) {
    self.bytes = bytes
    self.nalUnits = nalUnits
    self.senderMicros = senderMicros
    self.isKeyFrame = isKeyFrame
    self.carriesParameterSets = carriesParameterSets
    self.parameterSets = parameterSets
  }

  public static func == (left: CodedPicture, right: CodedPicture) -> Bool {
    left.bytes == right.bytes && left.nalUnits == right.nalUnits && left.senderMicros == right.senderMicros
      && left.isKeyFrame == right.isKeyFrame && left.carriesParameterSets == right.carriesParameterSets
      && left.parameterSets.hasSameContent(as: right.parameterSets)
  }
}

/// One coded picture in a stream: stored once, immutable, shared by every reader by reference.
public final class AccessUnit: Sendable {
  /// The coded picture.
  public let picture: CodedPicture
  /// Number of the unit in its stream, rising. Without gaps as long as publishers of this server follow each other;
  /// units from another server keep the numbers that they have there wherever those rise.
  public let sequence: UInt64
  /// Capture time on the server's wall clock.
  public let capturedAt: WallTime
  /// When to decode it so that pictures come out in capture order; not later than `capturedAt`, rising.
  public let decodeAt: WallTime
  /// When the last byte of it came in.
  public let receivedAt: HostTime
  /// The same on the wall clock of who received it.
  public let receivedWall: WallTime
  /// What that clock was ahead of the clock of the system then, to agree with network time.
  public let networkTimeOffset: Nanoseconds
  /// Whose turn at the stream it belongs to.
  public let publication: Publication
  /// Forms of this unit that were made for one reader and serve all the others.
  public let representations: UnitRepresentations
  /// The trace of this unit, after the span that took it in; `nil`: it is not traced.
  public let trace: TraceContext?

  /// - Parameter receivedWall: taken as the capture time where it is not known.
  public init(
    picture: CodedPicture, sequence: UInt64, capturedAt: WallTime, decodeAt: WallTime, receivedAt: HostTime,
    receivedWall: WallTime? = nil, networkTimeOffset: Nanoseconds = .zero, publication: Publication = .unknown,
    representations: UnitRepresentations = UnitRepresentations(), trace: TraceContext? = nil
  ) {
    self.publication = publication
    self.trace = trace
    self.representations = representations
    self.picture = picture
    self.sequence = sequence
    self.capturedAt = capturedAt
    self.decodeAt = decodeAt
    self.receivedAt = receivedAt
    self.receivedWall = receivedWall ?? capturedAt
    self.networkTimeOffset = networkTimeOffset
  }

  /// Annex B bytes.
  public var bytes: ByteBuffer { picture.bytes }
  public var isKeyFrame: Bool { picture.isKeyFrame }
  public var parameterSets: ParameterSets { picture.parameterSets }

  /// A NAL unit of this access unit, without start code. Shares the bytes.
  public func nalUnit(_ range: CodedPicture.NALRange) -> ByteBuffer? {
    bytes.getSlice(at: bytes.readerIndex + range.offset, length: range.length)
  }
}

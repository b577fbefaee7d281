public import CodedMedia
public import H264
public import MediaModel
public import NIOCore

/// Bounds of what one publisher can make the server keep.
public struct PublisherLimits: Hashable, Sendable {
  /// Bytes of one binary message, header included.
  public var messageBytes = 10_000_000
  /// Bytes of one text message.
  public var textBytes = 65_536
  public var accessUnit = AccessUnitLimits()

  public init() {}
}

/// Why something that a publisher sent was left out.
public enum PublisherReject: Hashable, Sendable, CustomStringConvertible {
  case packet(PhonePacketError)
  case accessUnit(AccessUnitReject)
  case text(PublisherTextError)

  /// The reason as a label value: a closed set, without data of the sender.
  public var reason: String {
    switch self {
    case .packet(let error): error.reason
    case .accessUnit(let reject): reject.reason
    case .text(let error): error.reason
    }
  }

  /// Every value of ``reason``.
  public static let reasons = PhonePacketError.reasons + AccessUnitReject.reasons + PublisherTextError.reasons

  public var description: String {
    switch self {
    case .packet(let error): error.description
    case .accessUnit(let reject): reject.description
    case .text(let error): error.description
    }
  }
}

/// One connection of a publisher to `/ws/video`, without I/O: messages in, pictures out.
///
/// Nothing that comes in ends it: what cannot be used is reported and skipped.
public struct PublisherSession: Sendable {
  /// What a call brought about.
  public struct Effects: Sendable {
    /// Complete pictures, in decoding order.
    public var pictures: [CodedPicture] = []
    /// What was left out; bounded by the number of reasons.
    public var rejects: [PublisherReject] = []
    /// The publisher has said what it sends.
    public var config: VideoConfig?
    /// When ``PublisherSession/deadlineReached(at:)`` wants to be called; `nil`: nothing is held.
    public var nextDeadline: HostTime?

    public init() {}
  }

  private let limits: PublisherLimits
  private let parser: PhonePacketParser
  private var assembler: AccessUnitAssembler
  private var nextDeadline: HostTime?

  public init(limits: PublisherLimits = PublisherLimits()) {
    self.limits = limits
    parser = PhonePacketParser(messageBytes: limits.messageBytes)
    assembler = AccessUnitAssembler(limits: limits.accessUnit)
  }

  /// How often slices came after their picture had been handed on.
  public var lateContinuations: Int { assembler.lateContinuations }

  /// Takes one binary message.
  public mutating func binary(_ message: ByteBuffer, at now: HostTime) -> Effects {
    do {
      let packet = try parser.parse(message)
      if packet.type.isFrame {
        return effects(assembler.frame(packet.payload, senderMicros: packet.timestampMicros, now: now))
      }
      return effects(assembler.parameterSets(packet.payload))
    } catch {
      var effects = Effects()
      effects.rejects = [.packet(error)]
      effects.nextDeadline = nextDeadline
      return effects
    }
  }

  /// Takes one text message. Those of an unknown type are ignored.
  public mutating func text(_ message: String) -> Effects {
    var effects = Effects()
    effects.nextDeadline = nextDeadline
    do {
      if case .videoConfig(let config) = try PublisherText.parse(message, limit: limits.textBytes) {
        assembler.isAligned = config.isAligned
        effects.config = config
      }
    } catch {
      effects.rejects = [.text(error)]
    }
    return effects
  }

  /// Hands on the picture that was held until `now`.
  public mutating func deadlineReached(at now: HostTime) -> Effects {
    effects(assembler.deadlineReached(at: now))
  }

  /// Hands on what is held: the connection is gone.
  public mutating func finish() -> Effects { effects(assembler.finish()) }

  private mutating func effects(_ result: AccessUnitAssembler.Effects) -> Effects {
    nextDeadline = result.nextDeadline
    var effects = Effects()
    effects.pictures = result.pictures
    effects.rejects = result.rejects.map(PublisherReject.accessUnit)
    effects.nextDeadline = result.nextDeadline
    return effects
  }
}

public import MediaModel

/// One packet of NTP version 4 without extensions (RFC 5905 §7.3, figure 8), as SNTP uses it (RFC 4330).
public struct SNTPPacket: Hashable, Sendable {
  /// What a server says of the coming leap second.
  public enum Leap: UInt8, Sendable {
    case none = 0
    case lastMinuteHas61Seconds = 1
    case lastMinuteHas59Seconds = 2
    /// The server's own clock is not synchronised.
    case unsynchronised = 3
  }

  /// The two modes that SNTP needs, and all the others.
  public enum Mode: UInt8, Sendable {
    case reserved = 0
    case symmetricActive, symmetricPassive, client, server, broadcast, control, privateUse
  }

  /// Length without extensions and authentication.
  public static let byteCount = 48

  public var leap = Leap.none
  /// 0…7.
  public var version: UInt8 = 4
  public var mode: Mode
  /// 0: see ``kiss``; 1: a reference clock; 2…15: servers behind it; above: not synchronised.
  public var stratum: UInt8 = 0
  /// log₂ of the poll interval in seconds.
  public var poll: Int8 = 0
  /// log₂ of the precision of the sender's clock in seconds.
  public var precision: Int8 = 0
  /// Round trip to the reference clock, 2⁻¹⁶ s.
  public var rootDelayTicks: UInt32 = 0
  /// Error bound to the reference clock without the round trip, 2⁻¹⁶ s.
  public var rootDispersionTicks: UInt32 = 0
  /// Where the server has its time from; four characters for stratum 0 and 1.
  public var referenceID: UInt32 = 0
  public var reference = NTPTimestamp(rawValue: 0)
  /// What the client wrote into `transmit`.
  public var origin = NTPTimestamp(rawValue: 0)
  public var receive = NTPTimestamp(rawValue: 0)
  public var transmit = NTPTimestamp(rawValue: 0)

  public init(mode: Mode) { self.mode = mode }

  /// What a client asks. Everything that the server does not need is left out, and the timestamp is a random number
  /// by which the answer is recognised (draft-ietf-ntp-data-minimization-04 §2).
  /// - Parameter cookie: random, not predictable.
  public static func request(cookie: UInt64) -> SNTPPacket {
    var packet = SNTPPacket(mode: .client)
    packet.precision = 0x20
    packet.transmit = NTPTimestamp(rawValue: cookie)
    return packet
  }

  /// The round trip to the reference clock.
  public var rootDelay: Nanoseconds { Self.nanoseconds(ticks: rootDelayTicks) }
  /// The error bound to the reference clock without the round trip.
  public var rootDispersion: Nanoseconds { Self.nanoseconds(ticks: rootDispersionTicks) }

  private static func nanoseconds(ticks: UInt32) -> Nanoseconds {
    Nanoseconds(Int64((UInt64(ticks) * 1_000_000_000) >> 16))
  }

  // MARK: Bytes

  /// The packet on the wire.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = [leap.rawValue << 6 | (version & 7) << 3 | mode.rawValue, stratum]
    bytes.reserveCapacity(Self.byteCount)
    bytes.append(UInt8(bitPattern: poll))
    bytes.append(UInt8(bitPattern: precision))
    for field in [rootDelayTicks, rootDispersionTicks, referenceID] { bytes.appendBigEndian(field) }
    for field in [reference, origin, receive, transmit] { bytes.appendBigEndian(field.rawValue) }
    return bytes
  }

  /// Reads a packet. What follows the first 48 bytes, extensions and authentication, is ignored.
  public init(decoding bytes: [UInt8]) throws(SNTPError) {
    guard bytes.count >= Self.byteCount, let first = bytes.first else { throw .short(bytes: bytes.count) }
    // All values of two and of three bits are cases.
    guard let leap = Leap(rawValue: first >> 6), let mode = Mode(rawValue: first & 7) else {
      throw .short(bytes: bytes.count)
    }
    self.leap = leap
    self.mode = mode
    version = first >> 3 & 7
    stratum = bytes[1]
    poll = Int8(bitPattern: bytes[2])
    precision = Int8(bitPattern: bytes[3])
    rootDelayTicks = UInt32(truncatingIfNeeded: bytes.bigEndian(at: 4, bytes: 4))
    rootDispersionTicks = UInt32(truncatingIfNeeded: bytes.bigEndian(at: 8, bytes: 4))
    referenceID = UInt32(truncatingIfNeeded: bytes.bigEndian(at: 12, bytes: 4))
    reference = NTPTimestamp(rawValue: bytes.bigEndian(at: 16, bytes: 8))
    origin = NTPTimestamp(rawValue: bytes.bigEndian(at: 24, bytes: 8))
    receive = NTPTimestamp(rawValue: bytes.bigEndian(at: 32, bytes: 8))
    transmit = NTPTimestamp(rawValue: bytes.bigEndian(at: 40, bytes: 8))
  }
}

extension [UInt8] {
  fileprivate mutating func appendBigEndian(_ value: some FixedWidthInteger & UnsignedInteger) {
    for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
      append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  /// Call it for offsets within the 48 bytes that were checked to be there.
  fileprivate func bigEndian(at offset: Int, bytes count: Int) -> UInt64 {
    self[offset..<offset + count].reduce(0) { $0 << 8 | UInt64($1) }
  }
}

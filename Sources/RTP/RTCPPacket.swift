public import NIOCore

/// What a receiver says about a sender (RFC 3550 §6.4.1).
public struct RTCPReportBlock: Hashable, Sendable {
  /// The sender that the block is about.
  public var ssrc: UInt32
  /// Share of packets lost since the last report, in 1/256.
  public var fractionLost: UInt8
  /// Packets lost since the beginning; 24 bits with sign.
  public var cumulativeLost: Int32
  public var highestSequence: UInt32
  /// Interarrival jitter in timestamp units.
  public var jitter: UInt32
  /// ``NTPTimestamp/middle`` of the last sender report; 0 if none came.
  public var lastSenderReport: UInt32
  /// Time from that report to this one, in 1/65,536 s.
  public var delaySinceLastSenderReport: UInt32

  public init(
    ssrc: UInt32, fractionLost: UInt8, cumulativeLost: Int32, highestSequence: UInt32, jitter: UInt32,
    lastSenderReport: UInt32, delaySinceLastSenderReport: UInt32
  ) {
    self.ssrc = ssrc
    self.fractionLost = fractionLost
    self.cumulativeLost = cumulativeLost
    self.highestSequence = highestSequence
    self.jitter = jitter
    self.lastSenderReport = lastSenderReport
    self.delaySinceLastSenderReport = delaySinceLastSenderReport
  }
}

/// What a sender says about itself: the pair of NTP and RTP time of one instant, and its counts (RFC 3550 §6.4.1).
public struct RTCPSenderReport: Hashable, Sendable {
  public var ssrc: UInt32
  public var ntp: NTPTimestamp
  public var rtpTimestamp: UInt32
  public var packetCount: UInt32
  public var octetCount: UInt32
  public var blocks: [RTCPReportBlock]

  public init(
    ssrc: UInt32, ntp: NTPTimestamp, rtpTimestamp: UInt32, packetCount: UInt32, octetCount: UInt32,
    blocks: [RTCPReportBlock] = []
  ) {
    self.ssrc = ssrc
    self.ntp = ntp
    self.rtpTimestamp = rtpTimestamp
    self.packetCount = packetCount
    self.octetCount = octetCount
    self.blocks = blocks
  }
}

/// One packet of an RTCP compound packet, RFC 3550 §6.
public enum RTCPPacket: Hashable, Sendable {
  case senderReport(RTCPSenderReport)
  case receiverReport(ssrc: UInt32, blocks: [RTCPReportBlock])
  /// Source description; only the canonical name is kept (`nil`: none in it).
  case sourceDescription(ssrc: UInt32, canonicalName: String?)
  case goodbye(ssrc: UInt32)
  /// A type that we do not use: application-defined, feedback, extended reports.
  case other(type: UInt8)

  /// Takes one compound packet apart.
  /// - Throws: ``RTPError`` when a packet is cut short or not version 2; what came before it is lost too, as
  ///   RFC 3550 §A.2 wants it.
  public static func parseCompound(_ buffer: ByteBuffer, limits: RTPLimits = RTPLimits()) throws(RTPError)
    -> [RTCPPacket]
  {
    var rest = buffer
    var packets: [RTCPPacket] = []
    while rest.readableBytes > 0, packets.count < limits.rtcpPacketsPerCompound {
      guard let first = rest.readInteger(as: UInt8.self), let type = rest.readInteger(as: UInt8.self),
        let words = rest.readInteger(as: UInt16.self)
      else { throw .truncated(field: "RTCP header") }
      guard first >> 6 == 2 else { throw .unsupportedVersion(first >> 6) }
      guard var body = rest.readSlice(length: 4 * Int(words)) else { throw .truncated(field: "RTCP body") }
      if first & 0x20 != 0 { try trimPadding(of: &body) }
      packets.append(try parse(type: type, count: Int(first & 0x1F), body: &body))
    }
    return packets
  }

  private static func trimPadding(of body: inout ByteBuffer) throws(RTPError) {
    guard body.readableBytes > 0, let count = body.getInteger(at: body.writerIndex - 1, as: UInt8.self), count > 0,
      Int(count) <= body.readableBytes
    else { throw .invalidPadding(count: 0) }
    body.moveWriterIndex(to: body.writerIndex - Int(count))
  }

  private static func parse(type: UInt8, count: Int, body: inout ByteBuffer) throws(RTPError) -> RTCPPacket {
    switch type {
    case 200:
      guard let ssrc = body.readInteger(as: UInt32.self), let seconds = body.readInteger(as: UInt32.self),
        let fraction = body.readInteger(as: UInt32.self), let timestamp = body.readInteger(as: UInt32.self),
        let packets = body.readInteger(as: UInt32.self), let octets = body.readInteger(as: UInt32.self)
      else { throw .truncated(field: "sender report") }
      return .senderReport(
        RTCPSenderReport(
          ssrc: ssrc, ntp: NTPTimestamp(seconds: seconds, fraction: fraction), rtpTimestamp: timestamp,
          packetCount: packets, octetCount: octets, blocks: try readBlocks(count, from: &body)))
    case 201:
      guard let ssrc = body.readInteger(as: UInt32.self) else { throw .truncated(field: "receiver report") }
      return .receiverReport(ssrc: ssrc, blocks: try readBlocks(count, from: &body))
    case 202:
      // An empty source description is legal and says nothing.
      guard count > 0, let ssrc = body.readInteger(as: UInt32.self) else { return .other(type: type) }
      return .sourceDescription(ssrc: ssrc, canonicalName: try readCanonicalName(from: &body))
    case 203:
      guard count > 0, let ssrc = body.readInteger(as: UInt32.self) else { return .other(type: type) }
      return .goodbye(ssrc: ssrc)
    default:
      return .other(type: type)
    }
  }

  private static func readBlocks(_ count: Int, from body: inout ByteBuffer) throws(RTPError) -> [RTCPReportBlock] {
    var blocks: [RTCPReportBlock] = []
    for _ in 0..<count {
      guard let ssrc = body.readInteger(as: UInt32.self), let loss = body.readInteger(as: UInt32.self),
        let highest = body.readInteger(as: UInt32.self), let jitter = body.readInteger(as: UInt32.self),
        let last = body.readInteger(as: UInt32.self), let delay = body.readInteger(as: UInt32.self)
      else { throw .truncated(field: "report block") }
      blocks.append(
        RTCPReportBlock(
          ssrc: ssrc, fractionLost: UInt8(loss >> 24), cumulativeLost: Int32(bitPattern: loss << 8) >> 8,
          highestSequence: highest, jitter: jitter, lastSenderReport: last, delaySinceLastSenderReport: delay))
    }
    return blocks
  }

  private static func readCanonicalName(from body: inout ByteBuffer) throws(RTPError) -> String? {
    while let item = body.readInteger(as: UInt8.self), item != 0 {
      guard let length = body.readInteger(as: UInt8.self), let text = body.readSlice(length: Int(length)) else {
        throw .truncated(field: "source description item")
      }
      if item == 1 { return String(buffer: text) }
    }
    return nil
  }
}

extension RTCPPacket {
  /// Appends the packet. At most 31 report blocks and 255 bytes of canonical name are written; `other` writes nothing.
  public func write(into buffer: inout ByteBuffer) {
    switch self {
    case .senderReport(let report):
      let blocks = report.blocks.prefix(31)
      Self.writeHeader(type: 200, count: blocks.count, words: 6 + 6 * blocks.count, into: &buffer)
      buffer.writeMultipleIntegers(
        report.ssrc, report.ntp.seconds, report.ntp.fraction, report.rtpTimestamp, report.packetCount,
        report.octetCount)
      for block in blocks { Self.write(block, into: &buffer) }
    case .receiverReport(let ssrc, let blocks):
      let blocks = blocks.prefix(31)
      Self.writeHeader(type: 201, count: blocks.count, words: 1 + 6 * blocks.count, into: &buffer)
      buffer.writeInteger(ssrc)
      for block in blocks { Self.write(block, into: &buffer) }
    case .sourceDescription(let ssrc, let name):
      let text = Array((name ?? "").utf8.prefix(255))
      // SSRC, item header, text, and one to four zeros that end the list on a word.
      let length = 4 + 2 + text.count
      let padding = 4 - length % 4
      Self.writeHeader(type: 202, count: 1, words: (length + padding) / 4, into: &buffer)
      buffer.writeMultipleIntegers(ssrc, UInt8(1), UInt8(text.count))
      buffer.writeBytes(text)
      buffer.writeRepeatingByte(0, count: padding)
    case .goodbye(let ssrc):
      Self.writeHeader(type: 203, count: 1, words: 1, into: &buffer)
      buffer.writeInteger(ssrc)
    case .other:
      break
    }
  }

  private static func writeHeader(type: UInt8, count: Int, words: Int, into buffer: inout ByteBuffer) {
    buffer.writeMultipleIntegers(0x80 | UInt8(count), type, UInt16(words))
  }

  private static func write(_ block: RTCPReportBlock, into buffer: inout ByteBuffer) {
    let lost = UInt32(bitPattern: min(max(block.cumulativeLost, -0x80_0000), 0x7F_FFFF)) & 0xFF_FFFF
    buffer.writeMultipleIntegers(
      block.ssrc, UInt32(block.fractionLost) << 24 | lost, block.highestSequence, block.jitter,
      block.lastSenderReport, block.delaySinceLastSenderReport)
  }
}

public import CodedMedia
public import NIOCore

/// Splits access units into RTP packets by RFC 6184 packetization-mode 1: single NAL units, STAP-A for the small
/// units in front of the slices, FU-A for what is larger than a packet.
///
/// Slices are never copied: packets carry slices of the access unit's buffer. All heads of an access unit share
/// one allocation.
public struct H264Packetizer: Sendable {
  /// Units up to this size are joined into STAP-As (and thereby copied): parameter sets, SEI, delimiters.
  private static let aggregatedUnitBytes = 256

  public let ssrc: UInt32
  public let payloadType: UInt8
  /// The largest RTP packet, header included and framing not.
  public let maximumPacketBytes: Int
  /// The sequence number that the next packet gets.
  public private(set) var nextSequence: UInt16
  /// Packets made so far, modulo 2³², as sender reports count them.
  public private(set) var packetCount: UInt32 = 0
  /// Payload bytes made so far, modulo 2³², as sender reports count them.
  public private(set) var octetCount: UInt32 = 0

  /// - Parameters:
  ///   - maximumPacketBytes: 64…65,535, header included: the path's MTU less IP and UDP headers for datagrams.
  /// - Precondition: `maximumPacketBytes` is in that range; it is our own configuration.
  public init(ssrc: UInt32, payloadType: UInt8, firstSequence: UInt16, maximumPacketBytes: Int) {
    precondition((64...65_535).contains(maximumPacketBytes), "an interleaved packet has a 16-bit length")
    self.ssrc = ssrc
    self.payloadType = payloadType
    self.maximumPacketBytes = maximumPacketBytes
    nextSequence = firstSequence
  }

  /// The packets of one access unit; the last has its marker set.
  /// - Parameters:
  ///   - leading: NAL units without start codes to send in front, such as the parameter sets to start with.
  ///   - bytes: Annex B.
  ///   - nalUnits: where the NAL units are in `bytes`, counted from its reader index. Empty ones are left out.
  ///   - timestamp: RTP time of the access unit.
  /// - Complexity: O(packets); one allocation for the heads, one for the result.
  public mutating func packetize(
    leading: [ByteBuffer] = [], bytes: ByteBuffer, nalUnits: [CodedPicture.NALRange], timestamp: UInt32,
    framing: RTPFraming
  ) -> [RTPPacket] {
    let payloadBytes = maximumPacketBytes - RTPHeader.byteCount
    let estimate = nalUnits.reduce(leading.count + 2) { $0 + 2 + $1.length / payloadBytes }
    var draft = Draft(framing: framing, timestamp: timestamp, capacity: estimate)
    var small: [ByteBuffer] = []
    var smallBytes = 1
    var isLeading = true
    let slices = nalUnits.lazy.compactMap { bytes.getSlice(at: bytes.readerIndex + $0.offset, length: $0.length) }
    for units in [AnySequence(leading), AnySequence(slices)] {
      for unit in units where unit.readableBytes > 0 {
        isLeading = isLeading && unit.readableBytes <= Self.aggregatedUnitBytes && !Self.isSlice(unit)
        if isLeading, smallBytes + 2 + unit.readableBytes <= payloadBytes {
          small.append(unit)
          smallBytes += 2 + unit.readableBytes
          continue
        }
        appendAggregate(&small, to: &draft)
        smallBytes = 1
        append(unit, to: &draft)
      }
    }
    appendAggregate(&small, to: &draft)
    return draft.finish()
  }

  private static func isSlice(_ unit: ByteBuffer) -> Bool {
    guard let header = unit.getInteger(at: unit.readerIndex, as: UInt8.self) else { return false }
    return (1...5).contains(header & 0x1F)
  }

  /// One NAL unit: alone in a packet where it fits, otherwise in fragments (RFC 6184 §5.8).
  private mutating func append(_ unit: ByteBuffer, to draft: inout Draft) {
    let payloadBytes = maximumPacketBytes - RTPHeader.byteCount
    guard unit.readableBytes > payloadBytes else {
      begin(&draft, payloadBytes: unit.readableBytes)
      draft.end(payload: unit)
      return
    }
    var rest = unit
    guard let header = rest.readInteger(as: UInt8.self) else { return }
    let indicator = header & 0xE0 | 28
    var start: UInt8 = 0x80
    while let fragment = rest.readSlice(length: min(rest.readableBytes, payloadBytes - 2)), fragment.readableBytes > 0 {
      let end: UInt8 = rest.readableBytes == 0 ? 0x40 : 0
      begin(&draft, payloadBytes: 2 + fragment.readableBytes)
      draft.heads.writeMultipleIntegers(indicator, start | end | header & 0x1F)
      draft.end(payload: fragment)
      start = 0
    }
  }

  /// The units collected so far in one STAP-A, or alone if it is only one (RFC 6184 §5.7.1).
  private mutating func appendAggregate(_ units: inout [ByteBuffer], to draft: inout Draft) {
    defer { units.removeAll(keepingCapacity: true) }
    guard units.count > 1 else {
      if let unit = units.first { append(unit, to: &draft) }
      return
    }
    begin(&draft, payloadBytes: units.reduce(1) { $0 + 2 + $1.readableBytes })
    // The aggregate's header has the F bits or-ed and the highest NRI of its units.
    let headers = units.compactMap { $0.getInteger(at: $0.readerIndex, as: UInt8.self) }
    let forbidden = headers.reduce(0) { $0 | $1 & 0x80 }
    let importance = headers.reduce(0) { max($0, $1 & 0x60) }
    draft.heads.writeInteger(forbidden | importance | 24)
    for unit in units {
      draft.heads.writeInteger(UInt16(unit.readableBytes))
      draft.heads.writeImmutableBuffer(unit)
    }
    draft.end(payload: ByteBuffer())
  }

  private mutating func begin(_ draft: inout Draft, payloadBytes: Int) {
    draft.begin(
      RTPHeader(
        marker: false, payloadType: payloadType, sequence: nextSequence, timestamp: draft.timestamp, ssrc: ssrc),
      payloadBytes: payloadBytes)
    nextSequence &+= 1
    packetCount &+= 1
    octetCount &+= UInt32(truncatingIfNeeded: payloadBytes)
  }

  /// Packets in the making. Heads are cut from the shared buffer at the end only: cutting earlier would make every
  /// further write copy it.
  private struct Draft {
    let framing: RTPFraming
    let timestamp: UInt32
    var heads: ByteBuffer
    private var parts: [(head: Range<Int>, payload: ByteBuffer)] = []
    private var headStart = 0
    private var lastMarkerIndex: Int?

    init(framing: RTPFraming, timestamp: UInt32, capacity: Int) {
      self.framing = framing
      self.timestamp = timestamp
      heads = ByteBufferAllocator().buffer(capacity: capacity * 18 + 64)
      parts.reserveCapacity(capacity)
    }

    mutating func begin(_ header: RTPHeader, payloadBytes: Int) {
      headStart = heads.writerIndex
      if case .interleaved(let channel) = framing {
        heads.writeMultipleIntegers(UInt8(ascii: "$"), channel, UInt16(RTPHeader.byteCount + payloadBytes))
      }
      lastMarkerIndex = heads.writerIndex + 1
      header.write(into: &heads)
    }

    mutating func end(payload: ByteBuffer) { parts.append((headStart..<heads.writerIndex, payload)) }

    mutating func finish() -> [RTPPacket] {
      if let index = lastMarkerIndex, let byte = heads.getInteger(at: index, as: UInt8.self) {
        heads.setInteger(byte | 0x80, at: index)
      }
      return parts.compactMap { part in
        heads.getSlice(at: part.head.lowerBound, length: part.head.count).map {
          RTPPacket(head: $0, payload: part.payload)
        }
      }
    }
  }
}

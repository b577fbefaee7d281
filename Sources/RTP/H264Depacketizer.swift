public import CodedMedia
public import NIOCore

/// Puts access units together again from RTP packets in sequence: single NAL units, STAP-A and FU-A (RFC 6184,
/// packetization modes 0 and 1).
///
/// An access unit ends with the marker bit or where the timestamp changes. One that misses a packet is dropped whole
/// and the next says so, so that whoever decodes can wait for a key frame.
public struct H264Depacketizer: Sendable {
  /// An access unit as sent, in Annex B with 4-byte start codes.
  public struct Unit: Hashable, Sendable {
    public var bytes: ByteBuffer
    public var nalUnits: [CodedPicture.NALRange]
    /// RTP time, as in the packets.
    public var timestamp: UInt32
    /// Whether access units between the one before and this are missing.
    public var followsLoss: Bool
  }

  /// What was dropped, and why.
  public struct Counters: Hashable, Sendable {
    /// Access units that missed a packet, or had a malformed one.
    public var damagedUnits = 0
    /// Packets that were malformed or out of place.
    public var malformedPackets = 0
  }

  public private(set) var counters = Counters()
  /// Why the latest malformed packet was refused.
  public private(set) var latestError: RTPError?

  private enum Assembly: Sendable {
    /// Between access units.
    case idle
    /// Some packets of an access unit are there. `isFragmentOpen`: an FU-A has started and not ended.
    case building(timestamp: UInt32, isFragmentOpen: Bool)
    /// The rest of a damaged access unit is passed over.
    case discarding(timestamp: UInt32)
  }

  private let limits: RTPLimits
  private var assembly = Assembly.idle
  private var bytes = ByteBuffer()
  private var nalUnits: [CodedPicture.NALRange] = []
  private var isLossPending = false
  private var expectedBytes = 16_384

  public init(limits: RTPLimits = RTPLimits()) { self.limits = limits }

  /// Takes the next packet in sequence; appends the access units that it completes (at most two) to `units`.
  public mutating func receive(_ packet: ReorderBuffer.Released, into units: inout [Unit]) {
    let timestamp = packet.header.timestamp
    if packet.followsLoss { lose(beforePacketAt: timestamp) }
    finishUnlessAt(timestamp, into: &units)
    if case .idle = assembly {
      if packet.followsLoss, !Self.startsAccessUnit(packet.payload) {
        drop(at: timestamp)
      } else {
        bytes = ByteBufferAllocator().buffer(capacity: expectedBytes)
        nalUnits = []
        assembly = .building(timestamp: timestamp, isFragmentOpen: false)
      }
    }
    if case .building(_, let isFragmentOpen) = assembly {
      do throws(RTPError) {
        let isOpen = try append(packet.payload, isFragmentOpen: isFragmentOpen)
        assembly = .building(timestamp: timestamp, isFragmentOpen: isOpen)
      } catch {
        counters.malformedPackets += 1
        latestError = error
        drop(at: timestamp)
      }
    }
    if packet.header.marker { finish(into: &units) }
  }

  /// Whether a payload that follows a loss is surely the beginning of its access unit: a delimiter, a parameter set,
  /// SEI, or a slice whose `first_mb_in_slice` is 0 (its first payload bit is 1).
  private static func startsAccessUnit(_ payload: ByteBuffer) -> Bool {
    var payload = payload
    guard let header = payload.readInteger(as: UInt8.self) else { return false }
    switch header & 0x1F {
    case 1, 5:
      return (payload.readInteger(as: UInt8.self) ?? 0) & 0x80 != 0
    case 6...9:
      return true
    case 24:
      guard let length = payload.readInteger(as: UInt16.self), let unit = payload.readSlice(length: Int(length)) else {
        return false
      }
      // Aggregates do not nest, so this goes one level deep.
      return unit.getInteger(at: unit.readerIndex, as: UInt8.self).map { $0 & 0x1F != 24 } == true
        && startsAccessUnit(unit)
    case 28:
      guard let fragment = payload.readInteger(as: UInt8.self), let first = payload.readInteger(as: UInt8.self) else {
        return false
      }
      return fragment & 0x80 != 0 && (!(1...5).contains(fragment & 0x1F) || first & 0x80 != 0)
    default:
      return false
    }
  }

  private mutating func lose(beforePacketAt timestamp: UInt32) {
    isLossPending = true
    switch assembly {
    case .idle:
      break
    case .building(let current, _), .discarding(let current):
      if case .building = assembly { counters.damagedUnits += 1 }
      assembly = current == timestamp ? .discarding(timestamp: current) : .idle
    }
  }

  private mutating func drop(at timestamp: UInt32) {
    counters.damagedUnits += 1
    isLossPending = true
    assembly = .discarding(timestamp: timestamp)
  }

  private mutating func finishUnlessAt(_ timestamp: UInt32, into units: inout [Unit]) {
    switch assembly {
    case .idle:
      break
    case .building(let current, _), .discarding(let current):
      if current != timestamp { finish(into: &units) }
    }
  }

  private mutating func finish(into units: inout [Unit]) {
    defer { assembly = .idle }
    guard case .building(let timestamp, let isFragmentOpen) = assembly else { return }
    guard !isFragmentOpen, !nalUnits.isEmpty else {
      counters.damagedUnits += 1
      isLossPending = true
      return
    }
    expectedBytes = max(bytes.readableBytes, expectedBytes - expectedBytes / 8)
    units.append(Unit(bytes: bytes, nalUnits: nalUnits, timestamp: timestamp, followsLoss: isLossPending))
    isLossPending = false
    bytes = ByteBuffer()
  }

  /// Appends a payload. Returns whether it leaves a fragmented unit open.
  private mutating func append(_ payload: ByteBuffer, isFragmentOpen: Bool) throws(RTPError) -> Bool {
    var payload = payload
    guard let header = payload.getInteger(at: payload.readerIndex, as: UInt8.self) else { throw .emptyPayload }
    let type = header & 0x1F
    if type != 28, isFragmentOpen { throw .fragmentOutOfPlace }
    switch type {
    case 1...23:
      try appendUnit(payload)
      return false
    case 24:
      payload.moveReaderIndex(forwardBy: 1)
      try appendAggregate(payload)
      return false
    case 28:
      payload.moveReaderIndex(forwardBy: 1)
      return try appendFragment(payload, indicator: header, isFragmentOpen: isFragmentOpen)
    default:
      throw .unsupportedNALUnitType(type)
    }
  }

  private mutating func appendAggregate(_ payload: ByteBuffer) throws(RTPError) {
    var payload = payload
    guard payload.readableBytes > 0 else { throw .emptyPayload }
    while payload.readableBytes > 0 {
      guard let length = payload.readInteger(as: UInt16.self) else { throw .truncated(field: "STAP-A length") }
      guard length > 0, let unit = payload.readSlice(length: Int(length)) else {
        throw .invalidAggregate(announced: Int(length), left: payload.readableBytes)
      }
      try appendUnit(unit)
    }
  }

  private mutating func appendFragment(
    _ payload: ByteBuffer, indicator: UInt8, isFragmentOpen: Bool
  ) throws(RTPError) -> Bool {
    var payload = payload
    guard let header = payload.readInteger(as: UInt8.self), payload.readableBytes > 0 else { throw .emptyPayload }
    // RFC 6184 §5.8 forbids start and end in one fragment; hardware encoders send it for slices smaller than a
    // packet, and it means what it says, so it is accepted.
    let isStart = header & 0x80 != 0
    guard isStart != isFragmentOpen else { throw .fragmentOutOfPlace }
    if isStart {
      try begin(bytes: payload.readableBytes + 1)
      bytes.writeInteger(indicator & 0xE0 | header & 0x1F)
      nalUnits[nalUnits.count - 1].length += 1
    } else {
      try checkRoom(bytes: payload.readableBytes, nalUnits: 0)
    }
    nalUnits[nalUnits.count - 1].length += payload.readableBytes
    bytes.writeImmutableBuffer(payload)
    return header & 0x40 == 0
  }

  private mutating func appendUnit(_ unit: ByteBuffer) throws(RTPError) {
    try begin(bytes: unit.readableBytes)
    nalUnits[nalUnits.count - 1].length = unit.readableBytes
    bytes.writeImmutableBuffer(unit)
  }

  private mutating func begin(bytes count: Int) throws(RTPError) {
    try checkRoom(bytes: 4 + count, nalUnits: 1)
    bytes.writeInteger(UInt32(1))
    nalUnits.append(CodedPicture.NALRange(offset: bytes.readableBytes, length: 0))
  }

  private func checkRoom(bytes count: Int, nalUnits units: Int) throws(RTPError) {
    guard bytes.readableBytes + count <= limits.accessUnitBytes,
      nalUnits.count + units <= limits.nalUnitsPerAccessUnit
    else { throw .accessUnitTooLarge(bytes: bytes.readableBytes + count, nalUnits: nalUnits.count + units) }
  }
}

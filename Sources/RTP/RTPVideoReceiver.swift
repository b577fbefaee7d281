public import CodedMedia
import H264
public import MediaModel
public import NIOCore

/// Turns the RTP and RTCP packets of one H.264 sender into coded pictures that are always decodable: after a loss,
/// pictures are left out up to the next key frame.
public struct RTPVideoReceiver: Sendable {
  /// What a call brought about.
  public struct Effects: Sendable {
    /// Complete pictures, in decoding order.
    public var pictures: [CodedPicture] = []
    /// The sender said goodbye.
    public var isGoodbye = false

    /// Nothing.
    public init() {}
  }

  /// What came and what was left out since the start.
  public struct Counters: Hashable, Sendable {
    /// Pictures handed on.
    public var pictures = 0
    /// Access units left out because a packet was missing or damaged, or because they need one that was left out.
    public var droppedUnits = 0
    /// Packets that never came.
    public var lostPackets = 0
    /// Packets that made no sense.
    public var malformedPackets = 0
  }

  private let payloadType: UInt8
  private let limits: RTPLimits
  private var reorder: ReorderBuffer
  private var depacketizer: H264Depacketizer
  private var assembler: AccessUnitAssembler
  private var clock = SenderClock()
  private var statistics: ReceptionStatistics?
  private var source: UInt32?
  private var awaitsKeyFrame = true
  private var pictures = 0
  private var skippedUnits = 0
  private var malformedPackets = 0

  /// - Parameters:
  ///   - payloadType: packets of other types are passed over.
  ///   - parameterSets: known from a session description, without start codes.
  ///   - isOrdered: whether the transport keeps the order of packets, as TCP does.
  public init(payloadType: UInt8, parameterSets: [ByteBuffer], isOrdered: Bool, limits: RTPLimits = RTPLimits()) {
    self.payloadType = payloadType
    self.limits = limits
    reorder = ReorderBuffer(
      capacity: isOrdered ? 1 : limits.reorderPackets, patience: isOrdered ? .zero : limits.reorderPatience)
    depacketizer = H264Depacketizer(limits: limits)
    var bounds = AccessUnitLimits()
    bounds.accessUnitBytes = limits.accessUnitBytes
    assembler = AccessUnitAssembler(limits: bounds)
    assembler.isAligned = true
    if !parameterSets.isEmpty {
      var annexB = ByteBuffer()
      for set in parameterSets {
        annexB.writeInteger(UInt32(1))
        annexB.writeImmutableBuffer(set)
      }
      // Sets of a description that cannot be read are of no use, and those in band replace them.
      _ = assembler.parameterSets(annexB)
    }
  }

  /// The figures so far.
  public var counters: Counters {
    Counters(
      pictures: pictures, droppedUnits: depacketizer.counters.damagedUnits + skippedUnits,
      lostPackets: reorder.counters.lost,
      malformedPackets: malformedPackets + depacketizer.counters.malformedPackets)
  }

  /// The sender's synchronisation source, once a packet came.
  public var senderSource: UInt32? { source }

  /// When ``deadlineReached(at:arrival:)`` has something to do; `nil`: nothing is missing.
  public var nextDeadline: HostTime? { reorder.nextDeadline }

  /// Takes an RTP packet.
  /// - Parameter arrival: the wall clock now, for senders that do not say when they captured.
  public mutating func receive(rtp packet: ByteBuffer, at now: HostTime, arrival: WallTime) -> Effects {
    var payload = packet
    let header: RTPHeader
    do throws(RTPError) {
      header = try RTPHeader.read(from: &payload)
    } catch {
      malformedPackets += 1
      return Effects()
    }
    guard header.payloadType == payloadType else { return Effects() }
    var released: [ReorderBuffer.Released] = []
    if source != header.ssrc { changeSource(to: header, into: &released) }
    statistics?.received(header, at: now)
    reorder.insert(header, payload, at: now, into: &released)
    return take(released, at: now, arrival: arrival)
  }

  /// Gives up packets that were waited for long enough.
  public mutating func deadlineReached(at now: HostTime, arrival: WallTime) -> Effects {
    var released: [ReorderBuffer.Released] = []
    reorder.deadlineReached(at: now, into: &released)
    return take(released, at: now, arrival: arrival)
  }

  /// Takes an RTCP compound packet.
  public mutating func receive(rtcp packet: ByteBuffer, at now: HostTime) -> Effects {
    var effects = Effects()
    let packets: [RTCPPacket]
    do throws(RTPError) {
      packets = try RTCPPacket.parseCompound(packet, limits: limits)
    } catch {
      malformedPackets += 1
      return effects
    }
    for packet in packets {
      switch packet {
      case .senderReport(let report) where source == nil || source == report.ssrc:
        clock.received(report)
        statistics?.received(report, at: now)
      case .goodbye(let ssrc) where ssrc == source: effects.isGoodbye = true
      case .senderReport, .goodbye, .receiverReport, .sourceDescription, .other: break
      }
    }
    return effects
  }

  /// A compound packet that tells the sender how well it is received; `nil` before its first packet.
  /// - Parameter ssrc: our own source.
  public mutating func receiverReport(ssrc: UInt32, canonicalName: String, at now: HostTime) -> ByteBuffer? {
    guard let block = statistics?.report(at: now) else { return nil }
    var buffer = ByteBuffer()
    RTCPPacket.receiverReport(ssrc: ssrc, blocks: [block]).write(into: &buffer)
    RTCPPacket.sourceDescription(ssrc: ssrc, canonicalName: canonicalName).write(into: &buffer)
    return buffer
  }

  /// A new source is a new sender: its sequence numbers and times have nothing to do with those before.
  private mutating func changeSource(to header: RTPHeader, into released: inout [ReorderBuffer.Released]) {
    reorder.flush(into: &released)
    if source != nil {
      clock = SenderClock()
      reorder = ReorderBuffer(capacity: reorder.capacity, patience: reorder.patience, counters: reorder.counters)
      awaitsKeyFrame = true
    }
    source = header.ssrc
    statistics = ReceptionStatistics(first: header)
  }

  private mutating func take(
    _ released: [ReorderBuffer.Released], at now: HostTime, arrival: WallTime
  ) -> Effects {
    var effects = Effects()
    var units: [H264Depacketizer.Unit] = []
    for packet in released { depacketizer.receive(packet, into: &units) }
    for unit in units {
      if unit.followsLoss { awaitsKeyFrame = true }
      // The assembler knows whether decoding can start at the unit; its time may depend on that.
      let found = assembler.frame(unit.bytes, senderMicros: 0, now: now).pictures
      if found.isEmpty { skippedUnits += 1 }
      for var picture in found {
        guard picture.isKeyFrame || !awaitsKeyFrame else {
          skippedUnits += 1
          continue
        }
        awaitsKeyFrame = false
        let captured = clock.captureTime(ofUnitAt: unit.timestamp, isKeyFrame: picture.isKeyFrame, arrival: arrival)
        picture.senderMicros = captured.nanosSince1970 / 1_000
        effects.pictures.append(picture)
        pictures += 1
      }
    }
    return effects
  }
}

public import CodedMedia
public import MediaModel
public import NIOCore

/// Groups the payloads of a publisher into access units, without I/O.
///
/// - Bytes are handed on as they came. Parameter set packets are put in front of the next picture (behind its access
///   unit delimiter), except those whose kind and id the picture carries itself.
/// - A picture ends at an AUD, SPS, PPS or SEI behind a slice, at a second `first_mb_in_slice` of zero, and where slice
///   headers differ as ISO/IEC 14496-10 §7.4.1.2.4 says. One payload may hold several pictures, one picture may be
///   spread over several payloads.
/// - The first picture of a kind (key, other) is held until the next one starts, at most ``AccessUnitLimits/hold``; from
///   it the assembler learns how many slices make a picture, and hands later ones on when the last slice arrives. Slices
///   that come after that are handed on as a unit of their own with the same time, and counted; after some of these, all
///   pictures of the kind are held.
/// - Damaged NAL units are cut out and reported; the rest of the stream goes on.
public struct AccessUnitAssembler: Sendable {
  /// What a call brought about.
  public struct Effects: Sendable {
    /// Complete pictures, in decoding order. At most as many as the payload has slices, plus one.
    public var pictures: [CodedPicture] = []
    /// What was left out, each reason at most once.
    public var rejects: [AccessUnitReject] = []
    /// When ``AccessUnitAssembler/deadlineReached(at:)`` wants to be called; `nil`: nothing is held.
    public var nextDeadline: HostTime?

    public init() {}

    mutating func reject(_ reject: AccessUnitReject) {
      if !rejects.contains(where: { $0.reason == reject.reason }) { rejects.append(reject) }
    }
  }

  /// Whether the publisher promised that every frame payload is exactly one access unit.
  public var isAligned = false
  /// How often slices came after their picture had been handed on.
  public private(set) var lateContinuations = 0

  private let limits: AccessUnitLimits
  private var collector: ParameterSetCollector
  private var pending = PendingParameterSets()
  private var predictor = SliceCountPredictor()
  private var assembly = PictureAssembly()
  private var handedOn: HandedOn?
  private var deadline: HostTime?

  public init(limits: AccessUnitLimits = AccessUnitLimits()) {
    self.limits = limits
    collector = ParameterSetCollector(parameterSetBytes: limits.parameterSetBytes)
  }

  /// Takes the payload of an SPS, PPS or config packet: any number of parameter sets with start codes.
  public mutating func parameterSets(_ payload: ByteBuffer) -> Effects {
    var effects = Effects()
    if let packet = scan(payload, &effects) {
      pictureEnded(&effects)
      var found = false
      for range in packet.nalUnits {
        guard let unit = packet.unit(range) else { continue }
        switch unit.header.type {
        case .sps, .pps:
          found = true
          addParameterSet(unit, isPending: true, &effects)
        default:
          break
        }
      }
      if !found { effects.reject(.noParameterSet) }
    }
    effects.nextDeadline = deadline
    return effects
  }

  /// Takes the payload of a frame packet.
  ///
  /// - Parameters:
  ///   - payload: NAL units with start codes.
  ///   - senderMicros: capture time on the publisher's clock.
  ///   - now: when the payload arrived.
  public mutating func frame(_ payload: ByteBuffer, senderMicros: Int64, now: HostTime) -> Effects {
    var effects = Effects()
    if var packet = scan(payload, &effects) {
      if isAligned { pictureEnded(&effects) }
      packet.senderMicros = senderMicros
      for range in packet.nalUnits {
        guard let unit = packet.unit(range) else { continue }
        take(unit, of: &packet, &effects)
      }
      closeRun(of: &packet, at: payload.readableBytes, &effects)
      packetEnded(now: now, &effects)
    }
    effects.nextDeadline = deadline
    return effects
  }

  /// Hands on the picture that was held until `now`.
  public mutating func deadlineReached(at now: HostTime) -> Effects {
    var effects = Effects()
    if let deadline, deadline <= now { handOn(isPredicted: false, &effects) }
    effects.nextDeadline = deadline
    return effects
  }

  /// Hands on what is held: the publisher is gone. Parameter sets stay known.
  public mutating func finish() -> Effects {
    var effects = Effects()
    pictureEnded(&effects)
    assembly = PictureAssembly()
    return effects
  }

  // MARK: Packets

  private func scan(_ payload: ByteBuffer, _ effects: inout Effects) -> PayloadCursor? {
    guard payload.readableBytes <= limits.accessUnitBytes else {
      effects.reject(.accessUnitTooLarge(bytes: payload.readableBytes, limit: limits.accessUnitBytes))
      return nil
    }
    guard let cursor = PayloadCursor(payload, limit: limits.nalUnits + 1) else {
      effects.reject(.payloadWithoutStartCode(bytes: payload.readableBytes))
      return nil
    }
    guard cursor.nalUnits.count <= limits.nalUnits else {
      effects.reject(.tooManyNALUnits(limit: limits.nalUnits))
      return nil
    }
    return cursor
  }

  private mutating func packetEnded(now: HostTime, _ effects: inout Effects) {
    guard assembly.hasSlices else {
      if isAligned {
        if assembly.nalUnitCount > 0, !movePrefixToPending() { effects.reject(.noSlice) }
        assembly = PictureAssembly()
      }
      return
    }
    if isAligned || predictor.isComplete(assembly.extent, isKeyFrame: assembly.isKeyFrame) {
      handOn(isPredicted: true, &effects)
    } else {
      deadline = now.advanced(by: limits.hold)
    }
  }

  // MARK: NAL units

  private mutating func take(_ unit: PayloadCursor.Unit, of packet: inout PayloadCursor, _ effects: inout Effects) {
    if unit.header.forbiddenZeroBit {
      effects.reject(.damagedNALUnit)
      closeRun(of: &packet, leavingOut: unit, &effects)
      return
    }
    if unit.header.type.hasSliceHeader {
      takeSlice(unit, of: &packet, &effects)
      return
    }
    if unit.header.type.beginsAccessUnitAfterSlice, !isAligned {
      if assembly.hasSlices { closeRun(of: &packet, at: unit.startCodeOffset, &effects) }
      pictureEnded(&effects)
    }
    switch unit.header.type {
    case .sps, .pps:
      guard addParameterSet(unit, isPending: false, &effects) else {
        closeRun(of: &packet, leavingOut: unit, &effects)
        return
      }
    case .sei:
      if RecoveryPoint.find(inSEI: unit.bytes)?.framesToRecover == 0 { assembly.recoversAtOnce = true }
    case .accessUnitDelimiter:
      if assembly.nalUnitCount == 0, !packet.hasOpenUnits { assembly.beginsWithDelimiter = true }
    default:
      break
    }
    packet.open(unit)
  }

  private mutating func takeSlice(_ unit: PayloadCursor.Unit, of packet: inout PayloadCursor, _ effects: inout Effects)
  {
    let slice: SliceHeader
    let active: ParameterSetCollector.Active
    do {
      (slice, active) = try parse(unit)
    } catch {
      if case .unknownParameterSet = error {
        effects.reject(.frameBeforeParameterSets)
      } else {
        effects.reject(.invalidSlice(error))
      }
      closeRun(of: &packet, leavingOut: unit, &effects)
      // What preceded a picture that cannot be used is of no use either.
      if !assembly.hasSlices { assembly = PictureAssembly() }
      return
    }
    if !isAligned, beginsPicture(slice, senderMicros: packet.senderMicros) {
      if assembly.hasSlices { closeRun(of: &packet, at: unit.startCodeOffset, &effects) }
      pictureEnded(&effects)
      packet.hasSliceOfOpenPicture = false
    } else if let earlier = handedOn, !assembly.hasSlices, !isAligned {
      predictor.continued(after: earlier.extent, isKeyFrame: earlier.isKeyFrame)
      lateContinuations += 1
      assembly.continue(earlier)
    }
    assembly.addSlice(
      slice, sets: active.sets, senderMicros: packet.senderMicros, beginsPacket: !packet.hasSliceOfOpenPicture)
    packet.hasSliceOfOpenPicture = true
    packet.open(unit)
  }

  private mutating func parse(
    _ unit: PayloadCursor.Unit
  ) throws(H264Error) -> (SliceHeader, ParameterSetCollector.Active) {
    var active: ParameterSetCollector.Active?
    // 64 bytes hold the longest slice header start: ten Exp-Golomb codes of at most 63 bits.
    let start = unit.bytes.getSlice(at: unit.bytes.readerIndex, length: min(unit.bytes.readableBytes, 64)) ?? unit.bytes
    let slice = try SliceHeader.parse(start) { ppsID in
      active = collector.active(forPPS: ppsID)
      return active.map { ($0.sps, $0.pps) }
    }
    guard let active else { throw .unknownParameterSet(kind: .pps, id: slice.ppsID) }
    return (slice, active)
  }

  /// Whether `slice` is the first of a picture, as seen from the slice before it.
  private func beginsPicture(_ slice: SliceHeader, senderMicros: Int64) -> Bool {
    let previous: SliceHeader
    let hadFirstMacroblock: Bool
    let previousMicros: Int64
    if let last = assembly.lastSlice {
      (previous, hadFirstMacroblock, previousMicros) = (last, assembly.hasFirstMacroblock, assembly.senderMicros)
    } else if let handedOn {
      previous = handedOn.lastSlice
      (hadFirstMacroblock, previousMicros) = (handedOn.hasFirstMacroblock, handedOn.senderMicros)
    } else {
      return true
    }
    if slice.redundantPictureCount > 0 { return false }
    // Hardware encoders are known to repeat idr_pic_id, so that two IDR pictures in a row have equal headers.
    if slice.firstMacroblock == 0, hadFirstMacroblock || senderMicros != previousMicros { return true }
    return slice.beginsNewPicture(after: previous)
  }

  @discardableResult
  private mutating func addParameterSet(
    _ unit: PayloadCursor.Unit, isPending: Bool, _ effects: inout Effects
  ) -> Bool {
    do {
      let kind = unit.header.type
      let id = kind == .sps ? try collector.addSPS(unit.bytes) : try collector.addPPS(unit.bytes)
      if isPending {
        pending.put(kind: kind, id: id, unit: unit)
      } else if kind == .sps {
        assembly.ownSPS.insert(id)
      } else {
        assembly.ownPPS.insert(id)
      }
      return true
    } catch {
      effects.reject(.invalidParameterSet(error))
      return false
    }
  }

  /// In aligned mode a frame packet with parameter sets only is one of parameter sets.
  private mutating func movePrefixToPending() -> Bool {
    guard !assembly.ownSPS.isEmpty || !assembly.ownPPS.isEmpty else { return false }
    for chunk in assembly.chunks {
      guard let cursor = PayloadCursor(chunk.bytes, limit: limits.nalUnits) else { continue }
      for unit in cursor.nalUnits.compactMap(cursor.unit) {
        if unit.header.type == .sps, let id = try? collector.addSPS(unit.bytes) {
          pending.put(kind: .sps, id: id, unit: unit)
        } else if unit.header.type == .pps, let id = try? collector.addPPS(unit.bytes) {
          pending.put(kind: .pps, id: id, unit: unit)
        }
      }
    }
    return true
  }

  // MARK: Pictures

  /// Moves the open run of the packet, up to `end`, into the assembly.
  private mutating func closeRun(of packet: inout PayloadCursor, at end: Int, _ effects: inout Effects) {
    guard let chunk = packet.close(at: end) else { return }
    assembly.append(chunk)
    checkLimits(&effects)
  }

  private mutating func closeRun(
    of packet: inout PayloadCursor, leavingOut unit: PayloadCursor.Unit, _ effects: inout Effects
  ) {
    closeRun(of: &packet, at: unit.startCodeOffset, &effects)
    packet.skip(to: unit.end)
  }

  private mutating func checkLimits(_ effects: inout Effects) {
    guard !assembly.isOverLimit else { return }
    if assembly.byteCount > limits.accessUnitBytes {
      effects.reject(.accessUnitTooLarge(bytes: assembly.byteCount, limit: limits.accessUnitBytes))
    } else if assembly.nalUnitCount > limits.nalUnits {
      effects.reject(.tooManyNALUnits(limit: limits.nalUnits))
    } else {
      return
    }
    // Of a picture, the slices that follow are left out too; without a slice it was only what precedes one.
    if assembly.hasSlices { assembly.abandon() } else { assembly = PictureAssembly() }
  }

  /// The next picture starts: hands on what is held and learns from it.
  private mutating func pictureEnded(_ effects: inout Effects) {
    if assembly.hasSlices {
      handOn(isPredicted: false, &effects)
    } else if let ended = handedOn, ended.isPredicted, !isAligned {
      predictor.ended(ended.extent, isKeyFrame: ended.isKeyFrame)
    }
    handedOn = nil
  }

  private mutating func handOn(isPredicted: Bool, _ effects: inout Effects) {
    deadline = nil
    let finished = assembly
    assembly = PictureAssembly()
    guard let lastSlice = finished.lastSlice else { return }
    if !isPredicted { predictor.ended(finished.extent, isKeyFrame: finished.isKeyFrame) }
    handedOn = HandedOn(
      lastSlice: lastSlice, hasFirstMacroblock: finished.hasFirstMacroblock, senderMicros: finished.senderMicros,
      extent: finished.extent, isKeyFrame: finished.isKeyFrame, isPredicted: isPredicted)
    guard !finished.isOverLimit else { return }
    let prefix = finished.isContinuation ? [] : pending.take(except: finished)
    if let picture = finished.picture(prefix: prefix) { effects.pictures.append(picture) }
  }
}

import NIOCore
public import CodedMedia
import DequeModule
public import MediaModel

/// The queue in front of one reader, and the rule that what comes out of it always decodes.
///
/// A value without I/O: units and times go in, deliveries come out. It leaves out whole pictures only, and from the
/// first one left out everything up to the next key frame, so that no delivered picture refers to one that was not.
public struct ReaderQueue: ~Copyable {
  /// What became of an offered unit.
  public enum Outcome: Equatable, Sendable {
    case queued
    /// Left out: the queue is full, a key frame is awaited, or the policy does not want it.
    case dropped
    /// The policy is `lossless` and the queue is full: the reader must be ended.
    case overflow
  }

  private struct Entry {
    var unit: AccessUnit
    var offeredAt: HostTime
  }

  public let options: ReaderOptions
  private var entries = Deque<Entry>()
  private var bytes = 0
  /// Units, and their bytes, of the group that a late reader started with and that still wait: not held against it.
  private var startingUnits = 0
  private var startingBytes = 0
  private var awaitsKeyFrame = true
  private var hasOverflowed = false
  private var lastSequence: UInt64 = 0
  private var deliveredSets: ParameterSets?
  private var delivered: (publication: Publication, sequence: UInt64)?
  /// Units that were left out since the reader came, those before its first key frame not counted.
  public private(set) var droppedUnits: UInt64 = 0

  public init(options: ReaderOptions) { self.options = options }

  /// Units that wait.
  public var count: Int { entries.count }
  /// Bytes that wait.
  public var byteCount: Int { bytes }

  /// Starts with the units since the last key frame, so that the reader decodes its first picture at once.
  /// - Parameters:
  ///   - group: units from a key frame on, or none.
  ///   - latestSequence: the number of the newest unit of the stream; older ones that are offered later are ignored.
  public mutating func start(with group: [AccessUnit], latestSequence: UInt64, at now: HostTime) {
    lastSequence = latestSequence
    let wanted = options.policy == .keyframes ? Array(group.prefix(1)) : group
    guard let first = wanted.first, first.isKeyFrame, !isForeign(first) else { return }
    awaitsKeyFrame = false
    for unit in wanted {
      entries.append(Entry(unit: unit, offeredAt: now))
      bytes += unit.bytes.readableBytes
    }
    startingUnits = entries.count
    startingBytes = bytes
  }

  /// Takes the next unit of the stream, or leaves it out.
  public mutating func offer(_ unit: AccessUnit, at now: HostTime) -> Outcome {
    guard unit.sequence > lastSequence else { return .dropped }
    // A hole in the numbers is a picture that never reached this queue: the same as one left out here.
    if unit.sequence != lastSequence + 1, lastSequence != 0 { awaitsKeyFrame = true }
    lastSequence = unit.sequence
    if isForeign(unit) {
      awaitsKeyFrame = true
      return .dropped
    }
    if options.policy == .keyframes, !unit.isKeyFrame { return .dropped }
    if awaitsKeyFrame, !unit.isKeyFrame { return leaveOut() }
    if unit.isKeyFrame, replacesBacklog(with: unit) {
      dropAll()
    } else if isFull(with: unit) {
      if options.policy == .lossless { return .overflow }
      awaitsKeyFrame = true
      hasOverflowed = true
      return leaveOut()
    }
    hasOverflowed = false
    awaitsKeyFrame = false
    entries.append(Entry(unit: unit, offeredAt: now))
    bytes += unit.bytes.readableBytes
    return .queued
  }

  /// The next unit to send, or `nil` when none waits.
  public mutating func next(at now: HostTime) -> Delivery? {
    dropLate(at: now)
    guard let entry = removeFirst() else { return nil }
    let unit = entry.unit
    let skipped = skippedUnits(before: unit)
    delivered = (unit.publication, unit.sequence)
    var delivery = Delivery(unit: unit, skipped: skipped)
    if !unit.picture.carriesParameterSets, deliveredSets !== unit.parameterSets {
      delivery.parameterSets = unit.parameterSets
    }
    deliveredSets = unit.parameterSets
    return delivery
  }

  private func skippedUnits(before unit: AccessUnit) -> Int {
    guard let delivered else { return 0 }
    // The numbers of different servers do not compare.
    guard delivered.publication === unit.publication || !(delivered.publication.isRemote || unit.publication.isRemote)
    else { return 0 }
    return Int(clamping: unit.sequence - delivered.sequence - 1)
  }

  private func isForeign(_ unit: AccessUnit) -> Bool { options.takesLocalOnly && unit.publication.isRemote }

  // MARK: Bounds

  /// Whether a key frame makes what waits superfluous.
  private func replacesBacklog(with keyFrame: AccessUnit) -> Bool {
    switch options.policy {
    case .latest, .keyframes: true
    // Whoever is behind by a whole queue is served better by this picture than by those before it.
    case .decodable: !options.keepsBacklog && (hasOverflowed || isFull(with: keyFrame))
    case .lossless: false
    }
  }

  private func isFull(with unit: AccessUnit) -> Bool {
    let waiting = entries.count - startingUnits
    // One unit always fits, however large: a key frame bigger than the bound must not block the reader for ever.
    guard waiting > 0 else { return false }
    return waiting >= options.limits.units
      || bytes - startingBytes + unit.bytes.readableBytes > options.limits.bytes
  }

  private mutating func dropLate(at now: HostTime) {
    guard let deadline = options.deadline else { return }
    while let head = entries.first, now.since(head.offeredAt) > deadline {
      repeat {
        _ = removeFirst()
        droppedUnits += 1
      } while entries.first.map { !$0.unit.isKeyFrame } ?? false
      if entries.isEmpty { awaitsKeyFrame = true }
    }
  }

  private mutating func removeFirst() -> Entry? {
    guard let entry = entries.popFirst() else { return nil }
    let size = entry.unit.bytes.readableBytes
    bytes -= size
    if startingUnits > 0 {
      startingUnits -= 1
      startingBytes -= size
    }
    return entry
  }

  private mutating func dropAll() {
    droppedUnits += UInt64(entries.count)
    entries.removeAll(keepingCapacity: true)
    (bytes, startingUnits, startingBytes) = (0, 0, 0)
  }

  private mutating func leaveOut() -> Outcome {
    // Before the first key frame nothing was promised, so nothing is lost.
    if deliveredSets != nil || !entries.isEmpty { droppedUnits += 1 }
    return .dropped
  }
}

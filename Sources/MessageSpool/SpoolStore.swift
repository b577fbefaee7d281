internal import BusMessages
internal import PosixFiles
import DequeModule
internal import NIOCore

/// The spool without lock, log and metrics.
struct SpoolStore {
  private let folder: String
  private let options: SpoolOptions
  private let disk: any SpoolDisk
  private let lock: FileLock
  private var marks: SpoolMarks
  private var essential = SpoolLane(.essential)
  private var bulk = SpoolLane(.bulk)
  private var nextSequence: UInt64 = 1
  private var isFolderDirty = true
  /// What happened beside the results since it was last taken.
  private var faults: [SpoolFault] = []

  var messages: Int { essential.messages + bulk.messages }
  var bytes: Int { essential.bytes + bulk.bytes }

  // MARK: Opening

  init(folder: String, options: SpoolOptions, disk: any SpoolDisk) throws(SpoolError) {
    self.folder = folder
    self.options = options
    self.disk = disk
    try disk.makeFolders(folder)
    guard let lock = try disk.lock("\(folder)/lock") else { throw .inUse(folder: folder) }
    self.lock = lock
    let names = try disk.names(in: folder).sorted()
    marks = try SpoolMarks(path: "\(folder)/position", isNew: !names.contains("position"), on: disk)
    essential = try open(.essential, names)
    bulk = try open(.bulk, names)
    let last = max(
      marks.consumed, max(essential.segments.last?.lastSequence ?? 0, bulk.segments.last?.lastSequence ?? 0))
    try marks.limitHandedOut(to: last)
    nextSequence = last + 1
    discard(essential.takeEmptySegments() + bulk.takeEmptySegments())
  }

  private mutating func open(_ precedence: Topic.Precedence, _ names: [String]) throws(SpoolError) -> SpoolLane {
    var lane = SpoolLane(precedence)
    // Names carry the number of the first record with leading zeros: in their order they are oldest first.
    for name in names where name.hasPrefix(lane.filePrefix) && name.hasSuffix(Self.fileSuffix) {
      let path = "\(folder)/\(name)"
      guard let (segment, findings) = try SpoolSegment.open(path, consumed: marks.consumed, on: disk) else {
        // A process was killed before it had written the header.
        try disk.remove(path)
        continue
      }
      if findings.unreadableRecords > 0 || findings.cutBytes > 0 {
        faults.append(
          .damaged(path: path, messages: findings.unreadableRecords, cutBytes: findings.cutBytes))
      }
      if segment.size > SpoolSegment.headerBytes { lane.adopt(segment) } else { try disk.remove(path) }
    }
    return lane
  }

  private static let fileSuffix = ".spool"

  mutating func takeFaults() -> [SpoolFault] {
    defer { faults = [] }
    return faults
  }

  // MARK: Appending

  mutating func append(_ entries: [SpoolEntry]) -> SpoolOutcome {
    let first = nextSequence
    nextSequence += UInt64(entries.count)
    var result = Appending()
    // What matters more is written first: if only a part has room, it is that.
    for precedence in [Topic.Precedence.essential, .bulk] {
      append(entries, first: first, precedence, &result)
    }
    let dropped = entries.count - result.kept + result.gaveWay
    return dropped == 0 ? .kept : .partly(kept: result.kept, dropped: dropped, error: result.error)
  }

  private struct Appending {
    var kept = 0
    /// Older messages that were dropped for these.
    var gaveWay = 0
    var error: SpoolError?
  }

  private mutating func append(
    _ entries: [SpoolEntry], first: UInt64, _ precedence: Topic.Precedence, _ result: inout Appending
  ) {
    var batch = RecordBatch()
    var fault: SpoolError?
    var refused = 0
    func refuse(_ error: SpoolError, _ messages: Int) {
      fault = fault ?? error
      refused += messages
    }
    for (index, entry) in entries.enumerated() where entry.message.topic.precedence == precedence {
      if batch.isFull(for: entry, room: room(in: precedence)) {
        if let error = write(&batch, precedence, &result) { refuse(error, batch.takeAll()) }
      }
      // After a fault nothing later is kept: what is kept has no gaps within a call.
      if let error = fault {
        refuse(error, 1)
      } else {
        batch.add(SpoolRecord(sequence: first + UInt64(index), entry: entry))
      }
    }
    if batch.count > 0, let error = write(&batch, precedence, &result) { refuse(error, batch.takeAll()) }
    guard let fault else { return }
    result.error = result.error ?? fault
    faults.append(.refused(precedence, fault, messages: refused))
  }

  /// What fits into the file that is written to.
  private func room(in precedence: Topic.Precedence) -> Int {
    let used = lane(precedence).segments.last?.size ?? SpoolSegment.headerBytes
    let room = options.effectiveSegmentBytes - used
    return room > 0 ? room : options.effectiveSegmentBytes - SpoolSegment.headerBytes
  }

  /// Writes a batch; what cannot be written stays in it.
  private mutating func write(
    _ batch: inout RecordBatch, _ precedence: Topic.Precedence, _ result: inout Appending
  ) -> SpoolError? {
    guard batch.bytes + SpoolSegment.headerBytes <= options.bytes else {
      return .tooLarge(folder: folder, bytes: batch.bytes, limitBytes: options.bytes)
    }
    while true {
      do throws(SpoolError) {
        try makeRoom(for: batch.bytes + SpoolSegment.headerBytes, precedence, &result)
        let segment = try segmentToWrite(batch.bytes, precedence, firstSequence: batch.firstSequence)
        let (count, error) = segment.append(batch.buffer, ends: batch.ends, sequences: batch.sequences)
        let before = batch.bytes
        batch.removeFirst(count)
        withLane(precedence) { $0.appended(messages: count, bytes: before - batch.bytes) }
        result.kept += count
        if let error { throw error }
        return nil
      } catch {
        // Only bulk gives way to a full disk: who knows whether the space that is freed will be ours.
        guard error.isFullDisk, dropOldestBulk(&result) else { return error }
      }
    }
  }

  private mutating func segmentToWrite(
    _ bytes: Int, _ precedence: Topic.Precedence, firstSequence: UInt64
  ) throws(SpoolError) -> SpoolSegment {
    if let last = lane(precedence).segments.last,
      last.size == SpoolSegment.headerBytes || last.size + bytes <= options.effectiveSegmentBytes
    {
      return last
    }
    let number = String(firstSequence)
    let name = lane(precedence).filePrefix + String(repeating: "0", count: 20 - number.count) + number
    let segment = try SpoolSegment.make(
      "\(folder)/\(name)\(Self.fileSuffix)", firstSequence: firstSequence, on: disk)
    withLane(precedence) { $0.segments.append(segment) }
    isFolderDirty = true
    return segment
  }

  // MARK: Room

  private mutating func makeRoom(
    for bytes: Int, _ precedence: Topic.Precedence, _ result: inout Appending
  ) throws(SpoolError) {
    while essential.diskBytes + bulk.diskBytes + bytes > options.bytes {
      if dropOldestBulk(&result) { continue }
      guard precedence == .essential, drop(.essential, &result) else {
        throw .full(folder: folder, limitBytes: options.bytes)
      }
    }
    guard options.minFreeBytes > 0 else { return }
    while true {
      let free = try disk.freeBytes(at: folder)
      if free - bytes >= options.minFreeBytes { return }
      guard dropOldestBulk(&result) else {
        throw .lowSpace(folder: folder, freeBytes: free, minimumBytes: options.minFreeBytes)
      }
    }
  }

  private mutating func dropOldestBulk(_ result: inout Appending) -> Bool { drop(.bulk, &result) }

  private mutating func drop(_ precedence: Topic.Precedence, _ result: inout Appending) -> Bool {
    guard let (segment, messages) = withLane(precedence, { $0.dropOldest() }) else { return false }
    discard([segment])
    if messages > 0 { faults.append(.gaveWay(precedence, messages: messages)) }
    result.gaveWay += messages
    return true
  }

  private mutating func discard(_ segments: [SpoolSegment]) {
    for segment in segments {
      isFolderDirty = true
      do throws(SpoolError) {
        try disk.remove(segment.path)
      } catch {
        faults.append(.upkeep(error))
      }
    }
  }

  // MARK: Reading and removing

  mutating func peek(
    after position: SpoolPosition?, maxMessages: Int, maxBytes: Int
  ) -> [(SpoolPosition, SpoolEntry)] {
    var result: [(SpoolPosition, SpoolEntry)] = []
    var bytes = 0
    var places = (essential: essential.firstHandedOut(after: position), bulk: bulk.firstHandedOut(after: position))
    while result.count < maxMessages, bytes < maxBytes || result.isEmpty {
      let essentialNext = next(.essential, at: places.essential)
      let bulkNext = next(.bulk, at: places.bulk)
      let precedence: Topic.Precedence
      switch (essentialNext, bulkNext) {
      case (nil, nil): return finish(result)
      case (_?, nil): precedence = .essential
      case (nil, _?): precedence = .bulk
      case (let essential?, let bulk?): precedence = essential < bulk ? .essential : .bulk
      }
      let place = precedence == .essential ? places.essential : places.bulk
      guard let (sequence, entry, size) = take(precedence, at: place) else { continue }
      if precedence == .essential { places.essential += 1 } else { places.bulk += 1 }
      result.append((SpoolPosition(sequence: sequence), entry))
      bytes += size
    }
    return finish(result)
  }

  private mutating func finish(_ result: [(SpoolPosition, SpoolEntry)]) -> [(SpoolPosition, SpoolEntry)] {
    guard let last = result.last else { return result }
    do throws(SpoolError) {
      try marks.handOut(through: last.0.sequence)
    } catch {
      faults.append(.upkeep(error))
    }
    return result
  }

  private mutating func next(_ precedence: Topic.Precedence, at place: Int) -> UInt64? {
    let lane = lane(precedence)
    if place < lane.handedOut.count { return lane.handedOut[place].sequence }
    var found: [SpoolFault] = []
    let sequence = withLane(precedence) { $0.nextSequence(faults: &found) }
    faults += found
    return sequence
  }

  /// The message at a place of a lane: one that was handed out before, or the next.
  private mutating func take(
    _ precedence: Topic.Precedence, at place: Int
  ) -> (sequence: UInt64, entry: SpoolEntry, bytes: Int)? {
    if place < lane(precedence).handedOut.count {
      let reference = lane(precedence).handedOut[place]
      do throws(SpoolError) {
        if var entry = try lane(precedence).read(reference) {
          entry.mayHaveBeenSent = true
          return (reference.sequence, entry, reference.bytes)
        }
        faults.append(.damaged(path: reference.segment.path, messages: 1, cutBytes: 0))
      } catch {
        faults.append(.unreadable(error, messages: 1))
      }
      withLane(precedence) { $0.forget(handedOutAt: place) }
      return nil
    }
    guard let (reference, taken) = withLane(precedence, { $0.takeNext() }) else { return nil }
    var entry = taken
    if reference.sequence <= marks.handedOut { entry.mayHaveBeenSent = true }
    return (reference.sequence, entry, reference.bytes)
  }

  mutating func remove(through position: SpoolPosition) {
    do throws(SpoolError) {
      try marks.consume(through: position.sequence)
    } catch {
      faults.append(.upkeep(error))
    }
    discard(essential.remove(through: position) + bulk.remove(through: position))
  }

  mutating func sync() throws(SpoolError) {
    for segment in Array(essential.segments) + Array(bulk.segments) where segment.isDirty {
      try segment.file.sync()
      segment.isDirty = false
    }
    if isFolderDirty {
      try disk.syncFolder(folder)
      isFolderDirty = false
    }
    try marks.sync()
  }

  private func lane(_ precedence: Topic.Precedence) -> SpoolLane { precedence == .bulk ? bulk : essential }

  private mutating func withLane<Result>(
    _ precedence: Topic.Precedence, _ body: (inout SpoolLane) -> Result
  ) -> Result {
    precedence == .bulk ? body(&bulk) : body(&essential)
  }
}

/// Records on their way to one file.
private struct RecordBatch {
  /// Written at once; larger messages go alone.
  private static let maximumBytes = 1 << 20

  var buffer = ByteBuffer()
  private var allEnds: [Int] = []
  private var allSequences: [UInt64] = []
  private var done = 0

  var ends: ArraySlice<Int> { allEnds[done...] }
  var sequences: ArraySlice<UInt64> { allSequences[done...] }
  var count: Int { allEnds.count - done }
  var bytes: Int { buffer.readableBytes }
  var firstSequence: UInt64 { allSequences[done] }

  /// Whether it should be written before another entry is added.
  func isFull(for entry: SpoolEntry, room: Int) -> Bool {
    count > 0 && bytes + entry.message.cost + 200 > min(room, Self.maximumBytes)
  }

  mutating func add(_ record: SpoolRecord) {
    if count == 0 { self = RecordBatch() }
    record.write(into: &buffer)
    allEnds.append(buffer.writerIndex)
    allSequences.append(record.sequence)
  }

  /// Gives up what is left.
  /// - Returns: the number of records given up.
  mutating func takeAll() -> Int {
    defer { self = RecordBatch() }
    return count
  }

  /// Forgets records that are on the disk.
  mutating func removeFirst(_ count: Int) {
    guard count > 0 else { return }
    buffer.moveReaderIndex(to: allEnds[done + count - 1])
    done += count
  }
}

import BusMessages
import CodedMedia
import Compression
import Logging
import MCAP
import MediaModel
import NIOCore
import Observability
import PosixFiles
import ProtobufWire
import SessionEvents

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The MCAP file of one session. Every call may block on the disk, and belongs on one thread.
///
/// When the disk fails, the piece that could not be written waits and is tried again; messages are left out until then.
final class SessionFile {
  private static let spaceCheckInterval = Nanoseconds.seconds(1)

  private let folder: String
  private let options: SessionLogOptions
  private let metrics: SessionLogMetrics
  private let logger: Logger
  private let file: OpenFile
  private var writer: MCAPWriter
  private var messages: SessionMessages
  private var channels: [SessionTopic: UInt16] = [:]
  /// Where the next piece goes.
  private var offset = 0
  /// What could not be written yet.
  private var pending: ByteBuffer?
  private var hasUnsyncedBytes = false
  private var lastSyncAt: HostTime
  private var lastSpaceCheck: HostTime?
  private var hasSpace = true
  private var isFailing = false

  /// Makes the file and writes what comes first.
  init(
    folder: String, session: String, stream: String, start: WallTime, options: SessionLogOptions,
    metrics: SessionLogMetrics, logger: Logger, now: HostTime
  ) throws(FileFailure) {
    self.folder = folder
    self.options = options
    self.metrics = metrics
    self.logger = logger
    lastSyncAt = now
    var writing = MCAPWriterOptions()
    writing.chunkBytes = options.chunkBytes
    writing.chunkInterval = options.chunkInterval
    writing.compression =
      switch options.compression {
      case .none: nil
      case .lz4: .lz4
      case .zstd: .zstd()
      }
    writer = MCAPWriter(writing)
    messages = SessionMessages(stream: stream)
    file = try OpenFile(
      "\(folder)/\(SessionLog.fileName)", flags: O_RDWR | O_CREAT | O_TRUNC, mode: 0o644, for: .create)
    put(writer.start())
    put(writer.add(MCAPMetadata(name: "session", values: ["session_id": session, "stream": stream])))
    let begin = SessionEvent.Log(time: start, text: "session \(session) of \(stream) begins", source: "recorder")
    for message in messages.messages(of: .log(begin)) { add(message, now: now) }
  }

  // MARK: Messages

  func take(_ unit: AccessUnit, now: HostTime) {
    guard isReady(now: now) else {
      messages.videoWasCut()
      return metrics.recordMissed(1, .disk)
    }
    if let message = messages.message(of: unit) { add(message, now: now) }
  }

  func take(_ message: BusMessage, now: HostTime, wall: WallTime) {
    guard isReady(now: now) else { return metrics.recordMissed(1, .disk) }
    for message in messages.messages(of: message, at: wall) { add(message, now: now) }
  }

  /// Units are missing in front of the next one.
  func videoWasCut() { messages.videoWasCut() }

  private func add(_ message: SessionMessage, now: HostTime) {
    do throws(MCAPError) {
      let channel = try channel(of: message.topic)
      let piece = try writer.add(to: channel, logTime: message.time, at: now) { message.message.encode(to: &$0) }
      metrics.recordMessage()
      put(piece)
    } catch {
      if message.topic == .video { messages.videoWasCut() }
      metrics.recordMissed(1, .tooLarge)
    }
  }

  private func channel(of topic: SessionTopic) throws(MCAPError) -> UInt16 {
    if let known = channels[topic] { return known }
    let type = topic.messageType
    let schema = try writer.addSchema(name: type.fullName, encoding: "protobuf", data: type.file.descriptorSet)
    let channel = try writer.addChannel(topic: topic.name, schemaID: schema, messageEncoding: "protobuf")
    channels[topic] = channel
    return channel
  }

  // MARK: The disk

  /// Does what time demands.
  func tick(now: HostTime) {
    guard isReady(now: now) else { return }
    put(writer.flushIfDue(at: now))
    if hasUnsyncedBytes, now.since(lastSyncAt) >= options.syncInterval {
      lastSyncAt = now
      if (try? file.sync()) != nil { hasUnsyncedBytes = false }
    }
  }

  /// Writes the rest and the summary.
  func end(now: HostTime) {
    guard isReady(now: now) else {
      return logger.error("session file could not be ended properly, the next start completes it")
    }
    put(writer.finish())
    do throws(FileFailure) {
      try file.sync()
    } catch {
      logger.error("session file could not be synced", metadata: [.error: "\(error)"])
    }
  }

  /// Whether messages can be taken: there is space, and nothing waits to be written.
  private func isReady(now: HostTime) -> Bool {
    if lastSpaceCheck.map({ now.since($0) >= Self.spaceCheckInterval }) ?? true {
      lastSpaceCheck = now
      let free = (try? Folder.space(at: folder))?.freeBytes
      hasSpace = free.map { $0 >= options.minimumFreeBytes } ?? true
      if let pending, hasSpace {
        self.pending = nil
        put(pending)
      }
    }
    return hasSpace && pending == nil
  }

  private func put(_ piece: ByteBuffer?) {
    guard let piece, piece.readableBytes > 0 else { return }
    if pending != nil {
      pending?.writeImmutableBuffer(piece)
      return
    }
    let (written, failure) = file.write(piece, at: offset)
    guard let failure else {
      offset += written
      hasUnsyncedBytes = true
      metrics.recordBytes(written)
      if isFailing { logger.info("session file is written again") }
      isFailing = false
      return
    }
    // The piece is written as a whole once more, from the same place.
    pending = piece
    if !isFailing { logger.error("session file cannot be written", metadata: [.error: "\(failure)"]) }
    isFailing = true
  }
}

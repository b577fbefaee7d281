import Compression
import MCAP
import MediaModel
import NIOCore
import PosixFiles
import SessionLog
import SessionModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The MCAP file of a session: its messages in the order of their times, also where the file lost its end. Calls block.
package final class SessionMCAP {
  package static let fileName = SessionLog.fileName
  package static let videoTopic = SessionTopic.video.name
  /// What waits in memory for its turn at most; beyond that, order gives way.
  private static let pendingBytes = 512 << 20

  /// A message and its topic.
  package struct Message {
    package var topic: String
    package var time: WallTime
    package var sequence: UInt32
    package var data: ByteBuffer
  }

  package let path: String
  package let file: OpenFile
  package let scan: MCAPChunkScan
  package let size: Int
  private var channels: [UInt16: String] = [:]
  private var knowsAllChannels = false

  package init(path: String) throws {
    self.path = path
    do throws(FileFailure) {
      file = try OpenFile(path, flags: O_RDONLY, mode: 0)
      size = try file.size()
    } catch {
      throw SessionsError.file("\(error)")
    }
    do {
      scan = try MCAPChunkScan(fileBytes: size) { [file] in try file.read(at: $0, count: $1) }
    } catch {
      throw SessionsError.malformed(path: path, reason: "\(error)")
    }
  }

  /// The records of a chunk, its checksum verified.
  package func records(of chunk: MCAPChunkScan.Chunk) throws(SessionsError) -> [MCAPRecord] {
    do {
      var bytes = try file.read(at: chunk.offset, count: chunk.bytes)
      guard case .chunk(let content)? = try MCAPRecord.read(from: &bytes) else {
        throw SessionsError.malformed(path: path, reason: "the chunk at byte \(chunk.offset) is cut")
      }
      return try MCAPChunk.contents(of: content.uncompressed(ChunkCompression.all()))
    } catch let error as SessionsError {
      throw error
    } catch {
      throw .malformed(path: path, reason: "the chunk at byte \(chunk.offset): \(error)")
    }
  }

  /// The topic of a channel. One that stands in a later chunk of the file is looked for there.
  private func topic(_ channel: UInt16) -> String? {
    if let known = channels[channel] { return known }
    guard !knowsAllChannels else { return nil }
    knowsAllChannels = true
    for chunk in scan.chunks {
      for case .channel(let channel) in (try? records(of: chunk)) ?? [] { channels[channel.id] = channel.topic }
    }
    return channels[channel]
  }

  /// The messages of a file, one after the other by their times.
  package final class Messages {
    private let source: SessionMCAP
    private let topics: Set<String>?
    private var chunks: ArraySlice<MCAPChunkScan.Chunk>
    /// The latest first.
    private var pending: [(order: Int, message: Message)] = []
    private var bytes = 0
    private var order = 0
    /// Chunks that could not be read.
    package private(set) var problems: [SessionsError] = []

    fileprivate init(_ source: SessionMCAP, topics: Set<String>?) {
      self.source = source
      self.topics = topics
      chunks = source.scan.chunks.sorted { ($0.firstTime, $0.offset) < ($1.firstTime, $1.offset) }[...]
    }

    /// The next one; `nil` at the end. Chunks that cannot be read are left out, and named in ``problems``.
    package func next() throws -> Message? {
      while let chunk = chunks.first {
        if let earliest = pending.last, UInt64(clamping: earliest.message.time.nanosSince1970) < chunk.firstTime {
          break
        }
        if bytes > SessionMCAP.pendingBytes, !pending.isEmpty { break }
        chunks.removeFirst()
        load(chunk)
      }
      guard let next = pending.popLast() else { return nil }
      bytes -= next.message.data.readableBytes
      return next.message
    }

    private func load(_ chunk: MCAPChunkScan.Chunk) {
      let records: [MCAPRecord]
      do throws(SessionsError) {
        records = try source.records(of: chunk)
      } catch {
        problems.append(error)
        return
      }
      for record in records {
        switch record {
        case .channel(let channel): source.channels[channel.id] = channel.topic
        case .message(let message):
          guard let topic = source.topic(message.channelID), topics?.contains(topic) ?? true else { continue }
          let time = WallTime(nanosSince1970: Int64(clamping: message.logTime))
          order += 1
          bytes += message.data.readableBytes
          pending.append(
            (order, Message(topic: topic, time: time, sequence: message.sequence, data: message.data)))
        default: break
        }
      }
      pending.sort { Self.rank($0) > Self.rank($1) }
    }

    /// A picture comes in front of what was found in it, in whichever order they were written.
    private static func rank(_ entry: (order: Int, message: Message)) -> (WallTime, Int, Int) {
      (entry.message.time, entry.message.topic == SessionMCAP.videoTopic ? 0 : 1, entry.order)
    }
  }

  /// - Parameter topics: those that are wanted; `nil`: all.
  package func messages(topics: Set<String>? = nil) -> Messages { Messages(self, topics: topics) }
}

internal import CodedMedia
internal import Compression
package import FoxgloveProtocol
internal import H264
package import MCAP
internal import NIOCore
package import PosixFiles
internal import ProtobufWire

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Why a recording cannot be played.
package enum RecordedFileError: Error, Equatable, CustomStringConvertible {
  case unreadable(FileFailure)
  /// The bytes are not those of a whole MCAP file.
  case malformed(MCAPError)
  /// It is still being written, or was cut and not completed yet.
  case incomplete

  package var description: String {
    switch self {
    case .unreadable(let failure): "the session file cannot be read: \(failure)"
    case .malformed(let error): "the session file is damaged: \(error)"
    case .incomplete: "the session file has no end yet"
    }
  }
}

/// A whole MCAP file, read by its index. Every call may block on the disk, and belongs on one thread.
package struct RecordedFile {
  /// Of the file, and what they are called; only messages of Protocol Buffers.
  package let channels: [FoxgloveChannel]
  /// Nanoseconds since 1970.
  package let startTime: UInt64
  package let endTime: UInt64
  /// By their first message.
  let chunks: [MCAPChunkIndex]
  private let file: OpenFile
  private let channelIDs: [UInt16: UInt32]
  private let videoChannels: Set<UInt32>

  package init(_ path: String) throws(RecordedFileError) {
    do {
      let file = try OpenFile(path, flags: O_RDONLY, mode: 0, for: .open)
      let size = try file.size()
      guard size > MCAPFormat.tailBytes else { throw RecordedFileError.incomplete }
      let tail = try file.read(at: size - MCAPFormat.tailBytes, count: MCAPFormat.tailBytes)
      guard let footer = try? MCAPSummary.footer(tail: tail), footer.summaryStart < UInt64(size) else {
        throw RecordedFileError.incomplete
      }
      let start = Int(footer.summaryStart)
      let summary = try MCAPSummary(section: try file.read(at: start, count: size - start), footer: footer)
      self.file = file
      var channels: [FoxgloveChannel] = []
      var channelIDs: [UInt16: UInt32] = [:]
      for id in summary.channels.keys.sorted() {
        guard let channel = summary.channels[id], channel.messageEncoding == "protobuf",
          let schema = summary.schemas[channel.schemaID]
        else { continue }
        channelIDs[id] = UInt32(id) + 1
        channels.append(
          FoxgloveChannel(
            id: UInt32(id) + 1, topic: channel.topic, schemaName: schema.name, schema: schema.data))
      }
      (self.channels, self.channelIDs) = (channels, channelIDs)
      videoChannels = Set(channels.filter { $0.schemaName == "foxglove.CompressedVideo" }.map(\.id))
      chunks = summary.chunkIndexes.filter { $0.messageIndexLength > 0 }.sorted {
        ($0.messageStartTime, $0.chunkStartOffset) < ($1.messageStartTime, $1.chunkStartOffset)
      }
      startTime = chunks.map(\.messageStartTime).min() ?? 0
      endTime = chunks.map(\.messageEndTime).max() ?? 0
    } catch let error as RecordedFileError {
      throw error
    } catch let error as MCAPError {
      throw .malformed(error)
    } catch let failure as FileFailure {
      throw .unreadable(failure)
    } catch {
      throw .incomplete
    }
  }

  /// The messages of a chunk, by time.
  func messages(of chunk: MCAPChunkIndex) throws(RecordedFileError) -> [FoxgloveMessage] {
    do {
      let limits = MCAPLimits()
      guard chunk.chunkLength <= UInt64(limits.chunkBytes) + 1_024, chunk.chunkStartOffset < UInt64(Int.max) else {
        throw MCAPError.chunkTooLarge(bytes: chunk.chunkLength)
      }
      var bytes = try file.read(at: Int(chunk.chunkStartOffset), count: Int(chunk.chunkLength))
      guard case .chunk(let record)? = try MCAPRecord.read(from: &bytes, limits: limits) else {
        throw MCAPError.malformedChunk
      }
      let contents = try MCAPChunk.contents(of: record.uncompressed(ChunkCompression.all(), limits: limits))
      var messages: [FoxgloveMessage] = []
      for case .message(let message) in contents {
        guard let id = channelIDs[message.channelID] else { continue }
        let kind: FoxgloveMessage.Kind =
          videoChannels.contains(id) ? .video(isKeyFrame: Self.isKeyFrame(message.data)) : .other
        messages.append(FoxgloveMessage(channelID: id, kind: kind, logTime: message.logTime, data: message.data))
      }
      // Equal times stay in the order of the file.
      return messages.enumerated().sorted {
        ($0.element.logTime, $0.offset) < ($1.element.logTime, $1.offset)
      }.map(\.element)
    } catch let error as MCAPError {
      throw .malformed(error)
    } catch let failure as FileFailure {
      throw .unreadable(failure)
    } catch {
      throw .incomplete
    }
  }

  /// Whether a `foxglove.CompressedVideo` of H.264 can be decoded by itself.
  private static func isKeyFrame(_ message: ByteBuffer) -> Bool {
    var reader = ProtobufReader(message)
    while let field = try? reader.next() {
      guard field.number == 3, let data = field.bytes else { continue }
      return AnnexB.nalUnitRanges(in: data, limit: 16).contains { range in
        data.getInteger(at: data.readerIndex + range.offset, as: UInt8.self).map {
          NALUnitHeader(byte: $0).type == .idrSlice
        } ?? false
      }
    }
    return false
  }
}

import CodedMedia
import FFmpeg
import H264
import MediaModel
import NIOCore
import SessionModel

/// The access units of a session, one after the other in decoding order: of its video files, or of its MCAP file where
/// there are none. Not `Sendable`; calls block.
package final class SessionUnits {
  /// An access unit of a session.
  package struct Unit {
    package var unit: AccessUnit
    /// When it has to be decoded, on the clock of capture times.
    package var decodeAt: WallTime
    /// The file that it is in.
    package var file: String
  }

  private let folder: SessionFolder
  private var files: ArraySlice<String>
  private var open: (demuxer: Demuxer, file: String, start: WallTime, first: Nanoseconds?)?
  private var messages: SessionMCAP.Messages?
  private var assembler = AccessUnitAssembler()
  private var sequence: UInt64 = 0
  private var ready: [Unit] = []

  package init(_ folder: SessionFolder) throws {
    self.folder = folder
    files = folder.videoFiles[...]
    assembler.isAligned = true
    if files.isEmpty {
      guard let path = folder.mcapPath else { throw SessionsError.nothing(session: folder.name, what: "video") }
      messages = try SessionMCAP(path: path).messages(topics: [SessionMCAP.videoTopic])
    }
  }

  /// The next one; `nil` at the end.
  package func next() throws -> Unit? {
    while ready.isEmpty {
      if messages != nil {
        guard try readMessage() else { return nil }
      } else {
        guard try readPacket() else { return nil }
      }
    }
    return ready.removeFirst()
  }

  private func readMessage() throws -> Bool {
    guard let message = try messages?.next() else { return false }
    let bytes = try SessionMessageDecoder.videoBytes(message.data)
    take(bytes, capturedAt: message.time, decodeAt: message.time, file: SessionMCAP.fileName)
    return true
  }

  private func readPacket() throws -> Bool {
    if open == nil {
      guard let file = files.popFirst() else { return false }
      let path = "\(folder.path)/\(file)"
      do throws(FFmpegError) {
        let demuxer = try Demuxer(MediaLocation(path))
        open = (demuxer, file, folder.start(ofVideo: file), nil)
        _ = assembler.parameterSets(demuxer.video.extradata)
      } catch {
        throw SessionsError.malformed(path: path, reason: "\(error)")
      }
    }
    guard let current = open else { return false }
    do throws(FFmpegError) {
      guard let packet = try current.demuxer.next() else {
        open = nil
        return true
      }
      // The first picture of a file is the one that its start time is of.
      let first = current.first ?? packet.presentationTime
      open?.first = first
      func time(_ media: Nanoseconds) -> WallTime {
        let micros = (Double(media.value - first.value) / 1_000).rounded()
        return current.start.advanced(by: Nanoseconds(Int64(micros) * 1_000))
      }
      take(
        packet.bytes, capturedAt: time(packet.presentationTime), decodeAt: time(packet.decodeTime), file: current.file)
    } catch {
      throw SessionsError.malformed(path: "\(folder.path)/\(current.file)", reason: "\(error)")
    }
    return true
  }

  private func take(_ bytes: ByteBuffer, capturedAt: WallTime, decodeAt: WallTime, file: String) {
    let effects = assembler.frame(
      bytes, senderMicros: capturedAt.nanosSince1970 / 1_000, now: HostTime(nanos: 0))
    for picture in effects.pictures {
      sequence += 1
      let unit = AccessUnit(
        picture: picture, sequence: sequence, capturedAt: capturedAt, decodeAt: min(decodeAt, capturedAt),
        receivedAt: HostTime(nanos: 0))
      ready.append(Unit(unit: unit, decodeAt: decodeAt, file: file))
    }
  }
}

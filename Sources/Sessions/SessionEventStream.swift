import CodedMedia
import FoxgloveSchemas
import H264
import MapFormats
import MediaModel
import NIOCore
import PosixFiles
import SessionEvents
import SessionModel

/// The events of a session in the order of their times, from its MCAP file; without one, video and key frames of the
/// other files. Not `Sendable`; calls block, and memory holds a few chunks.
package final class SessionEventStream {
  private enum Source {
    case messages(SessionMCAP.Messages, SessionMessageDecoder)
    case files(SessionUnits, VideoMessages)
  }

  private let folder: SessionFolder
  private var source: Source
  private var waiting: [SessionEvent] = []
  private var keyFrames: Set<Int> = []
  private var frame = 0
  private var malformed = 0
  private var resolution = Resolution(width: 0, height: 0)

  package init(_ folder: SessionFolder) throws {
    self.folder = folder
    if let path = folder.mcapPath, let file = try? SessionMCAP(path: path), !file.scan.chunks.isEmpty {
      source = .messages(file.messages(), SessionMessageDecoder())
    } else {
      source = .files(try SessionUnits(folder), VideoMessages(frameID: ""))
      keyFrames = Set(folder.keyFrames)
    }
  }

  /// What could not be read so far.
  package var problems: [String] {
    guard case .messages(let messages, _) = source else { return [] }
    let broken = malformed > 0 ? ["\(folder.mcapPath ?? ""): \(malformed) messages cannot be read"] : []
    return messages.problems.map { "\($0)" } + broken
  }

  /// The next one; `nil` at the end.
  package func next() throws -> SessionEvent? {
    if !waiting.isEmpty { return waiting.removeFirst() }
    switch source {
    case .messages(let messages, var decoder):
      while let message = try messages.next() {
        do {
          let event = try decoder.event(topic: message.topic, time: message.time, data: message.data)
          source = .messages(messages, decoder)
          if let event { return sized(event) }
        } catch {
          malformed += 1
        }
      }
      return nil
    case .files(let units, var video):
      while let next = try units.next() {
        frame += 1
        if keyFrames.contains(frame), let pose = pose(ofKeyFrame: frame, next.unit) { waiting.append(pose) }
        let message = video.message(of: next.unit)
        source = .files(units, video)
        if let message {
          return .video(
            SessionEvent.Video(
              time: next.unit.capturedAt, frame: frame, isKeyFrame: next.unit.isKeyFrame, data: message.data,
              resolution: next.unit.parameterSets.resolution))
        }
        if !waiting.isEmpty { return waiting.removeFirst() }
      }
      return nil
    }
  }

  /// An MCAP file does not say how large its pictures are; their parameter sets do.
  private func sized(_ event: SessionEvent) -> SessionEvent {
    guard case .video(var video) = event else { return event }
    if video.isKeyFrame, let bytes = video.data.first, let found = Self.resolution(in: bytes) { resolution = found }
    video.resolution = resolution
    return .video(video)
  }

  private static func resolution(in unit: ByteBuffer) -> Resolution? {
    for range in AnnexB.nalUnitRanges(in: unit, limit: 4) {
      guard let bytes = unit.getSlice(at: unit.readerIndex + range.offset, length: range.length),
        let header: UInt8 = bytes.getInteger(at: bytes.readerIndex),
        NALUnitType(header: header) == .sps
      else { continue }
      return (try? SequenceParameterSet.parse(bytes))?.resolution
    }
    return nil
  }

  private func pose(ofKeyFrame number: Int, _ unit: AccessUnit) -> SessionEvent? {
    (try? folder.pose(ofKeyFrame: number)).map { pose in
      .pose(
        SessionEvent.Pose(
          time: unit.capturedAt, frame: number, worldFromCamera: pose, map: 0, isMetric: false, isKeyFrame: true))
    }
  }
}

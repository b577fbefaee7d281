import Compression
import FFmpeg
import Foundation
import FragmentedMP4
import MCAP
import MediaModel
import NIOCore
import PosixFiles
import Recording
import SessionLog
import SessionModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Whether a session is whole: boxes of its videos, frames against metadata, checksums, index and sequence of its MCAP
/// file, and clocks. Calls block, and read all of it.
public struct SessionVerification {
  private static let pieceBytes = 1 << 20
  /// Capture times may go back by so much: pictures are reordered, and results come late.
  private static let clockTolerance = Nanoseconds.seconds(1)

  private let folder: SessionFolder
  /// What is wrong, each with its file.
  public private(set) var problems: [String] = []
  /// What was looked at, in words.
  public private(set) var checks: [String] = []

  public init(_ folder: SessionFolder) {
    self.folder = folder
    verifyMetadata()
    for file in folder.videoFiles { verifyVideo(file) }
    verifyFrameCount()
    if let path = folder.mcapPath { verifyMCAP(path) }
    verifyKeyFrames()
  }

  private mutating func problem(_ file: String, _ text: String) { problems.append("\(file): \(text)") }

  // MARK: Metadata

  private mutating func verifyMetadata() {
    guard let metadata = folder.metadata else {
      return problems.append(folder.metadataProblem ?? "\(folder.path): there are no metadata")
    }
    let name = SessionMetadata.fileName
    if metadata.session_id != folder.name { problem(name, "session_id is “\(metadata.session_id)”") }
    if metadata.end_time == nil { problem(name, "the session has no end: it is being recorded, or was cut off") }
    if let end = metadata.end_time, end < metadata.start_time { problem(name, "it ends before it begins") }
    for file in metadata.files where !folder.names.contains(file.name) { problem(file.name, "it is not there") }
    for file in folder.videoFiles where !metadata.files.contains(where: { $0.name == file }) {
      problem(file, "the metadata do not name it")
    }
    for frame in metadata.frames where !folder.names.contains(frame.path) { problem(frame.path, "it is not there") }
    let times = metadata.frames.map(\.timestamp)
    if zip(times, times.dropFirst()).contains(where: { $1 < $0 - Self.clockTolerance.seconds }) {
      problem(name, "times of frames go back")
    }
    checks.append("metadata of \(metadata.files.count) files and \(metadata.frames.count) stills")
  }

  private mutating func verifyFrameCount() {
    guard let metadata = folder.metadata else { return }
    let frames = metadata.files.reduce(0) { $0 + $1.frames }
    if frames != metadata.total_frames {
      problem(SessionMetadata.fileName, "total_frames is \(metadata.total_frames), its files have \(frames)")
    }
  }

  // MARK: Video

  private mutating func verifyVideo(_ name: String) {
    let path = "\(folder.path)/\(name)"
    do {
      let file = try OpenFile(path, flags: O_RDONLY, mode: 0)
      let size = try file.size()
      let index = try FragmentedMP4Index.scan(fileBytes: size) { try? file.read(at: $0, count: $1) }
      var end: Int64 = 0
      for fragment in index.fragments {
        if fragment.decode < end { problem(name, "decoding times go back at byte \(fragment.offset)") }
        end = max(end, fragment.decode + fragment.duration)
      }
      if index.completeBytes == size { problem(name, "it has no index: it was cut off") }
      let decoded = try countPackets(path)
      if decoded != index.samples { problem(name, "\(index.samples) samples, of which \(decoded) can be read") }
      if let known = folder.metadata?.files.first(where: { $0.name == name }) {
        if known.frames != index.samples { problem(name, "\(index.samples) frames, the metadata say \(known.frames)") }
        if known.bytes != size { problem(name, "\(size) bytes, the metadata say \(known.bytes)") }
        let seconds = Double(index.duration) / Double(FragmentedMP4Writer.timescale)
        let frame = max(0.05, seconds / Double(max(1, index.samples)))
        if abs(known.duration_s - seconds) > frame {
          problem(name, "it takes \(seconds) s, the metadata say \(known.duration_s) s")
        }
      }
      checks.append("\(name): \(index.fragments.count) fragments, \(index.samples) frames")
    } catch {
      problem(name, "\(error)")
    }
  }

  private func countPackets(_ path: String) throws -> Int {
    let demuxer = try Demuxer(MediaLocation(path))
    var count = 0
    while try demuxer.next() != nil { count += 1 }
    return count
  }

  // MARK: MCAP

  private mutating func verifyMCAP(_ path: String) {
    let name = SessionLog.fileName
    do {
      let source = try SessionMCAP(path: path)
      var recovery = MCAPRecovery(compressions: ChunkCompression.all())
      var offset = 0
      while offset < source.size {
        let piece = try source.file.read(at: offset, count: Self.pieceBytes)
        guard piece.readableBytes > 0 else { break }
        offset += piece.readableBytes
        recovery.receive(piece)
      }
      let failure = recovery.failure
      switch recovery.finish() {
      case .whole: break
      case .hopeless: return problem(name, "it has no header")
      case .repairable(let repair):
        let reason = failure.map { "\($0)" } ?? "it was cut off"
        problem(name, "only \(repair.keep) of \(source.size) bytes can be used: \(reason)")
      }
      verifyMessages(source, name)
    } catch {
      problem(name, "\(error)")
    }
  }

  /// Sequence numbers and clocks, in the order of the file.
  private mutating func verifyMessages(_ source: SessionMCAP, _ name: String) {
    var topics: [UInt16: String] = [:]
    var next: [UInt16: UInt32] = [:]
    var latest: [UInt16: UInt64] = [:]
    var (messages, stepsBack) = (0, [UInt16: Int]())
    for chunk in source.scan.chunks {
      let records: [MCAPRecord]
      do throws(SessionsError) { records = try source.records(of: chunk) } catch {
        problems.append("\(error)")
        continue
      }
      for record in records {
        if case .channel(let channel) = record { topics[channel.id] = channel.topic }
        guard case .message(let message) = record else { continue }
        messages += 1
        let (id, topic) = (message.channelID, topics[message.channelID] ?? "channel \(message.channelID)")
        if let expected = next[id], message.sequence != expected {
          problem(name, "\(topic): message \(message.sequence) follows \(expected &- 1)")
        }
        next[id] = message.sequence &+ 1
        if let last = latest[id], message.logTime + UInt64(Self.clockTolerance.value) < last {
          stepsBack[id, default: 0] += 1
        }
        latest[id] = max(latest[id] ?? 0, message.logTime)
        if message.logTime < chunk.firstTime || message.logTime > chunk.lastTime {
          problem(name, "\(topic): a time is not within that of its chunk at byte \(chunk.offset)")
        }
      }
    }
    for (id, count) in stepsBack.sorted(by: { $0.key < $1.key }) {
      problem(name, "\(topics[id] ?? "?"): times go back by more than a second, \(count) times")
    }
    checks.append("\(name): \(source.scan.chunks.count) chunks, \(messages) messages")
  }

  // MARK: Key frames

  private mutating func verifyKeyFrames() {
    let names = (try? Folder.names(in: "\(folder.path)/keyframes")) ?? []
    let numbers = folder.keyFrames
    for number in numbers {
      let image = "keyframe_\(SessionFolder.numbered(number)).jpg"
      if !names.contains(image) { problem("keyframes/\(image)", "it is not there") }
      do throws(SessionsError) { _ = try folder.pose(ofKeyFrame: number) } catch { problems.append("\(error)") }
    }
    if !numbers.isEmpty { checks.append("\(numbers.count) key frames") }
  }
}

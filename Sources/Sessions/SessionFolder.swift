import Foundation
import MCAP
import MediaModel
import NIOCore
import PosixFiles
import Recording
import SessionLog

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The folder of a session, as it is: whatever is missing is said to be. Calls read the disk.
public struct SessionFolder: Sendable {
  public let path: String
  /// The name of the folder.
  public let name: String
  /// `nil`: there is none, or it cannot be read; see ``metadataProblem``.
  package let metadata: SessionMetadata?
  /// Why there are no metadata.
  public let metadataProblem: String?
  /// Names of what is in the folder, sorted.
  public let names: [String]

  /// - Parameter path: of the folder.
  public init(path: String) throws(SessionsError) {
    self.path = path
    name = path.split(separator: "/").last.map(String.init) ?? path
    guard let names = try? Folder.names(in: path) else { throw .noSession(path) }
    self.names = names
    do throws(SessionsError) {
      metadata = try Self.readMetadata("\(path)/\(SessionMetadata.fileName)")
      metadataProblem = nil
    } catch {
      metadata = nil
      metadataProblem = "\(error)"
    }
  }

  private static func readMetadata(_ path: String) throws(SessionsError) -> SessionMetadata {
    let bytes = try contents(path, limit: SessionMetadata.maxBytes)
    guard let metadata = SessionMetadata.parse(bytes) else {
      throw .malformed(path: path, reason: "it is no JSON with session_id and start_time")
    }
    return metadata
  }

  /// The whole of a file.
  static func contents(_ path: String, limit: Int) throws(SessionsError) -> ByteBuffer {
    do throws(FileFailure) {
      let file = try OpenFile(path, flags: O_RDONLY, mode: 0)
      let size = try file.size()
      if size <= limit { return try file.read(at: 0, count: size) }
    } catch {
      throw .file("\(error)")
    }
    throw .malformed(path: path, reason: "it is larger than \(limit) bytes")
  }

  /// The stream that was recorded.
  public var stream: String { metadata?.stream ?? "" }

  /// The session as it is called.
  public var title: String { stream.isEmpty ? name : "\(name) \(stream)" }

  /// Video files in the order of their times: those that the metadata name, else those that are there.
  public var videoFiles: [String] {
    let there = names.filter { $0.hasPrefix("video") && $0.hasSuffix(".mp4") }
    let named = metadata?.files.map(\.name).filter(there.contains) ?? []
    return named + there.filter { !named.contains($0) }
  }

  /// The path of the MCAP file; `nil`: there is none.
  public var mcapPath: String? {
    names.contains(SessionLog.fileName) ? "\(path)/\(SessionLog.fileName)" : nil
  }

  /// The numbers of key frames that are kept, ascending.
  public var keyFrames: [Int] {
    let files = (try? Folder.names(in: "\(path)/keyframes")) ?? []
    return files.compactMap { file in
      guard file.hasPrefix("pose_"), file.hasSuffix(".npy") else { return nil }
      return Int(file.dropFirst(5).dropLast(4))
    }.sorted()
  }

  static func numbered(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 6 - digits.utf8.count)) + digits
  }

  /// Capture time of the first frame of a video file, to the microsecond. Without metadata: that of the session's name.
  func start(ofVideo file: String) -> WallTime {
    let seconds =
      metadata?.files.first { $0.name == file }?.start_time ?? metadata?.start_time ?? Self.seconds(named: name) ?? 0
    return WallTime(nanosSince1970: Int64((seconds * 1e6).rounded()) * 1_000)
  }

  /// From the first picture to the end of the last, by the metadata.
  var videoRange: (start: WallTime, end: WallTime)? {
    guard let metadata, let first = metadata.files.map(\.start_time).min(),
      let last = metadata.files.map({ $0.start_time + $0.duration_s }).max(), first > 0, last < 9e9
    else { return nil }
    func time(_ seconds: Double) -> WallTime { WallTime(nanosSince1970: Int64((seconds * 1e6).rounded()) * 1_000) }
    return (time(first), time(last))
  }

  private static func seconds(named name: String) -> Double? {
    guard SessionID(name) != nil else { return nil }
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(identifier: "UTC")
    formatter.dateFormat = "yyyyMMdd_HHmmss"
    return formatter.date(from: String(name.prefix(15)))?.timeIntervalSince1970
  }
}

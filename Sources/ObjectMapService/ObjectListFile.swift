public import BusMessages
import NIOCore
public import PosixFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif
#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Lists of objects as bytes and as files.
public enum ObjectList {
  /// How a list is written.
  public enum Format: Hashable, Sendable {
    /// `{"streams":[{"stream","objects":[…]}]}`.
    case json
    /// GeoJSON: those objects whose place on Earth is known.
    case geojson
  }

  private struct Lists: Encodable { var streams: [WorldObjects] }

  /// The lists of some streams; the same lists give the same bytes.
  public static func bytes(of lists: [WorldObjects], _ format: Format) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let data =
      switch format {
      case .json: try? encoder.encode(Lists(streams: lists))
      case .geojson: try? encoder.encode(ObjectsGeoJSON(lists))
      }
    // Numbers that JSON lacks never become objects.
    return Array(data ?? Data("{}".utf8)) + [UInt8(ascii: "\n")]
  }

  /// Writes a file: whatever happens, the old content or the new is there afterwards. Blocks.
  public static func write(_ bytes: [UInt8], to path: String) throws(FileFailure) {
    let beside = path + ".part"
    do throws(FileFailure) {
      let file = try OpenFile(beside, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644, for: .create)
      if let failure = file.write(ByteBuffer(bytes: bytes), at: 0).failure { throw failure }
      try file.sync()
      guard rename(beside, path) == 0 else { throw FileFailure(.rename, path, code: errno) }
    } catch {
      unlink(beside)
      throw error
    }
  }
}

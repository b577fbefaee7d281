import Foundation
public import NIOCore

/// Recorded input that is not part of the repository: real videos and sequences.
///
/// Looked up in the folder that `WORLDSYSTEM_TEST_DATA` names, else in `../shared/data` beside the repository. Tests that
/// need it carry `.enabled(if: TestData.has("videos/…"), TestData.absent)`. What is asked for below `models/tiny` comes with
/// the repository.
public enum TestData {
  private static let tiny = "models/tiny"

  /// What a skipped test says.
  public static let absent = "test data is absent: set WORLDSYSTEM_TEST_DATA"

  /// The folder, where it exists.
  public static let root: URL? = {
    let named = ProcessInfo.processInfo.environment["WORLDSYSTEM_TEST_DATA"].map { URL(fileURLWithPath: $0) }
    let repository = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let beside = repository.deletingLastPathComponent().appendingPathComponent("shared/data")
    return [named, beside].compactMap(\.self).first { FileManager.default.fileExists(atPath: $0.path) }
  }()

  /// Whether the file or folder exists.
  public static func has(_ path: String) -> Bool { url(path) != nil }

  /// The file or folder, where it exists.
  public static func url(_ path: String) -> URL? {
    if path == tiny || path.hasPrefix(tiny + "/") {
      let url = TinyModels.folder?.appendingPathComponent(String(path.dropFirst(tiny.count)))
      return url.flatMap { FileManager.default.fileExists(atPath: $0.path) ? $0 : nil }
    }
    guard let url = root?.appendingPathComponent(path), FileManager.default.fileExists(atPath: url.path) else {
      return nil
    }
    return url
  }

  /// The content of a file.
  /// - Throws: ``Missing`` when it is absent, or what reading it throws.
  public static func read(_ path: String) throws -> ByteBuffer {
    guard let url = url(path) else { throw Missing(path: path) }
    return ByteBuffer(bytes: try Data(contentsOf: url))
  }

  /// A file that a test asked for without checking.
  public struct Missing: Error, CustomStringConvertible {
    public var path: String
    public var description: String { "no test data \(path)" }
  }
}

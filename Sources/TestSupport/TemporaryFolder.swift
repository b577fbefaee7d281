public import Foundation

/// A folder of its own for one test, deleted with this object.
public final class TemporaryFolder: Sendable {
  public let url: URL

  /// - Precondition: the system's folder for temporary files can be written to.
  public init() {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("worldsystem-test-\(UUID().uuidString)")
    do { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) } catch {
      preconditionFailure("cannot create a temporary folder: \(error)")
    }
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// The path of a file in this folder.
  public func path(_ name: String) -> String { url.appendingPathComponent(name).path }

  /// The location of a file in this folder.
  public func file(_ name: String) -> URL { url.appendingPathComponent(name) }

  /// Writes a file into this folder.
  public func write(_ text: String, to name: String, mode: Int = 0o644) throws {
    try text.write(toFile: path(name), atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path(name))
  }
}

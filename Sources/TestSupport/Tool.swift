import Foundation

/// Programs that tests check results with. Tests that need one carry `.enabled(if: Tool.isInstalled("ffprobe"))`.
public enum Tool {
  /// What a program printed, and how it ended.
  public struct Output: Sendable {
    public var status: Int32
    public var text: String
    public var errors: String
  }

  /// Whether the program is in the search path.
  public static func isInstalled(_ name: String) -> Bool { path(of: name) != nil }

  private static func path(of name: String) -> String? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
    return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// Runs a program to its end.
  /// - Throws: when it cannot be started.
  public static func run(_ name: String, _ arguments: [String]) throws -> Output {
    guard let path = path(of: name) else { throw NotInstalled(name: name) }
    let folder = TemporaryFolder()
    let (text, errors) = (folder.url.appendingPathComponent("out"), folder.url.appendingPathComponent("err"))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    // Into files, not pipes: a pipe that nobody reads yet stops the program when it is full.
    for url in [text, errors] { try Data().write(to: url) }
    process.standardOutput = try FileHandle(forWritingTo: text)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    process.waitUntilExit()
    return Output(
      status: process.terminationStatus, text: try String(contentsOf: text, encoding: .utf8),
      errors: try String(contentsOf: errors, encoding: .utf8))
  }

  /// A program that a test asked for without checking.
  public struct NotInstalled: Error, CustomStringConvertible {
    public var name: String
    public var description: String { "\(name) is not installed" }
  }
}

import Foundation

/// Networks of tiny random models, which are part of the repository: Tests/Fixtures/models.
///
/// They are unpacked once into the system's folder for temporary files, and stay there for the next run.
enum TinyModels {
  /// The folder, with a folder for each model; `nil` when unpacking fails.
  static let folder: URL? = {
    let fixtures = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Tests/Fixtures/models")
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: fixtures.path)) ?? [])
      .filter { $0.hasPrefix("tiny.tar.gz.") }.sorted()
    guard !names.isEmpty else { return nil }
    var archive = Data()
    for name in names {
      guard let part = try? Data(contentsOf: fixtures.appendingPathComponent(name)) else { return nil }
      archive.append(part)
    }
    return try? unpacked(archive)
  }()

  private static func unpacked(_ archive: Data) throws -> URL {
    let manager = FileManager.default
    let name = "worldsystem-tiny-models-\(getuid())-\(String(checksum(archive), radix: 16))"
    let target = manager.temporaryDirectory.appendingPathComponent(name)
    if manager.fileExists(atPath: target.path) { return target }
    let work = TemporaryFolder()
    let file = work.file("tiny.tar.gz")
    try archive.write(to: file)
    let content = work.file("content")
    try manager.createDirectory(at: content, withIntermediateDirectories: false)
    let tar = Process()
    tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    tar.arguments = ["tar", "--extract", "--gzip", "--file", file.path, "--directory", content.path]
    try tar.run()
    tar.waitUntilExit()
    guard tar.terminationStatus == 0 else { throw CocoaError(.fileReadCorruptFile) }
    // Another process may have been faster.
    try? manager.moveItem(at: content, to: target)
    guard manager.fileExists(atPath: target.path) else { throw CocoaError(.fileWriteUnknown) }
    return target
  }

  /// FNV-1a, so that other fixtures are unpacked into another folder.
  private static func checksum(_ data: Data) -> UInt64 {
    data.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}

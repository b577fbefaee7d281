import Foundation

/// Compares text with a file kept beside a test. `UPDATE_GOLDEN=1 swift test` writes the file anew.
public enum Golden {
  /// - Parameters:
  ///   - text: what the code under test produced.
  ///   - name: file name in the folder `Golden` beside the calling test.
  /// - Returns: `nil` when both are equal, else where they differ first.
  public static func difference(
    between text: String, and name: String, testFile: String = #filePath
  ) -> String? {
    // Standardised, so that a name may lead out of a folder `Golden` that does not exist.
    let file = URL(fileURLWithPath: testFile).deletingLastPathComponent().appendingPathComponent("Golden/\(name)")
      .standardizedFileURL
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
      do {
        try FileManager.default.createDirectory(
          at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: file, atomically: true, encoding: .utf8)
        return nil
      } catch {
        return "cannot write golden file \(name): \(error)"
      }
    }
    guard let expected = try? String(contentsOf: file, encoding: .utf8) else { return "no golden file \(name)" }
    guard expected != text else { return nil }
    let expectedLines = expected.split(separator: "\n", omittingEmptySubsequences: false)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for number in 0..<max(lines.count, expectedLines.count) {
      let line = number < lines.count ? lines[number] : "(end)"
      let wanted = number < expectedLines.count ? expectedLines[number] : "(end)"
      if line != wanted { return "\(name):\(number + 1): expected “\(wanted)”, got “\(line)”" }
    }
    return "\(name): line ends differ"
  }
}

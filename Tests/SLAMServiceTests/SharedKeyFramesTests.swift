import Foundation
import Geometry
import MapFormats
import PosixFiles
import SLAMService
import TestSupport
import Testing

func files(_ folder: String) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() }

@Suite struct SharedKeyFramesTests {
  private let folder = TemporaryFolder()

  private func options(segments: Int = 3) -> SharedKeyFrames.Options {
    var options = SharedKeyFrames.Options()
    options.folder = folder.url.path
    options.segments = segments
    return options
  }

  private func keyFrame(_ nanos: UInt64, points: Int = 2) -> KeyFrameSegment {
    KeyFrameSegment(
      nanos: nanos, worldFromCamera: .identity, points: (0..<points).map { SIMD3(Float($0), 1, 2) },
      colours: .init(repeating: SIMD3(1, 2, 3), count: points))
  }

  private func segments() throws -> [String] { try files(folder.url.path).filter { $0.hasPrefix("slam3r_keyframe_") } }

  private func index() throws -> String { try String(contentsOfFile: folder.path("slam3r_keyframes"), encoding: .utf8) }

  @Test func aSegmentIsCompleteAndInTheIndex() throws {
    let shared = try SharedKeyFrames(options())
    #expect(try index().isEmpty)
    try shared.write(keyFrame(7))
    let written = try Data(contentsOf: folder.file("slam3r_keyframe_0"))
    #expect([UInt8](written) == keyFrame(7).bytes && written.count == 108 + 2 * 15)
    #expect(try index() == "slam3r_keyframe_0 7 2\n")
    #expect(try files(folder.url.path).allSatisfy { !$0.hasPrefix(".") })
  }

  @Test func theOldestGoFirst() throws {
    let shared = try SharedKeyFrames(options())
    let removed = try (0..<5).map { try shared.write(keyFrame($0)) }
    #expect(removed == [0, 0, 0, 1, 1])
    #expect(try segments() == (2...4).map { "slam3r_keyframe_\($0)" })
  }

  @Test func bytesHaveABoundToo() throws {
    var options = options(segments: 100)
    options.bytes = 4_000
    let shared = try SharedKeyFrames(options)
    for nanos in 0..<10 { try shared.write(keyFrame(UInt64(nanos), points: 100)) }
    #expect(try segments().count == 2)
  }

  @Test func whatWasReadMakesRoom() throws {
    let shared = try SharedKeyFrames(options())
    for nanos in 0..<3 { try shared.write(keyFrame(UInt64(nanos))) }
    try FileManager.default.removeItem(at: folder.file("slam3r_keyframe_1"))
    #expect(try shared.write(keyFrame(3)) == 0)
    #expect(try segments() == [0, 2, 3].map { "slam3r_keyframe_\($0)" })
    #expect(try index().split(separator: "\n").count == 3)
  }

  @Test func leftoversOfACrashAreRemovedAndStrangersStay() throws {
    for name in ["slam3r_keyframe_9", ".slam3r_keyframe_10", "slam3r_keyframes", "other"] {
      try folder.write("old", to: name)
    }
    let shared = try SharedKeyFrames(options())
    #expect(try segments().isEmpty && index().isEmpty)
    try shared.clear()
    #expect(try files(folder.url.path).contains("other"))
  }

  @Test func thereIsOneWriterAndItCleansUp() throws {
    do {
      let shared = try SharedKeyFrames(options())
      try shared.write(keyFrame(1))
      #expect(throws: FileFailure.self) { try SharedKeyFrames(options()) }
      #expect(try segments().count == 1, "whoever was refused touches nothing")
    }
    #expect(try files(folder.url.path).isEmpty)
    _ = try SharedKeyFrames(options())
  }
}

import DetectionBenchmark
import MediaModel
import TestSupport
import Testing

@Suite struct TrackingClipTests {
  @Test func aFlightIsAsLongAsAskedFor() throws {
    let clip = try TrackingClip(flightSeed: 2, count: 3, resolution: Resolution(width: 320, height: 180))
    #expect(clip.pictures.count == 3 && clip.resolution == Resolution(width: 320, height: 180))
    #expect(clip.frameNanos == 33_333_333 && clip.decodeMillis > 0)
  }

  @Test func aFileThatIsNoneIsRefused() {
    #expect(throws: (any Error).self) { try TrackingClip(file: "/nowhere/at/all.mp4", count: 3) }
  }
}

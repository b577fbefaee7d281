import Foundation
import Identification
import Logging
import MediaModel
import ObjectViews
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct ObjectEnhancementTests {
  private func views() -> [ObjectView] {
    (0..<3).compactMap { number in
      let builder = PictureBuilder(resolution: Resolution(width: 64, height: 48))
      for y in 0..<48 {
        for x in 0..<64 {
          builder.luma[y * builder.strides.luma + x] = UInt8(70 + (x + number) / 6 * 13 % 90 + y / 5 * 7 % 60)
        }
      }
      builder.cb.update(repeating: 128, count: builder.strides.chroma * 24)
      builder.cr.update(repeating: 128, count: builder.strides.chroma * 24)
      let object = TrackedObject(id: 4, label: "car", score: 1, box: SIMD4(8, 8, 56, 40))
      return ObjectView(builder.seal(), object, padding: 0.2, frameNumber: number, at: 0)
    }
  }

  @Test func anObjectBecomesAFileAndASubject() async throws {
    let folder = TemporaryFolder()
    var configuration = ObjectEnhancement.Configuration()
    configuration.folder = folder.path("objects")
    configuration.publicBase = "https://pictures.example/objects"
    configuration.filesKept = 1
    let subjects = Mutex<[IdentificationSubject]>([])
    let service = ObjectEnhancement(
      configuration, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    ) { subject in subjects.withLock { $0.append(subject) } }
    service.submit(stream: "drone", id: 4, label: "car", views: views())
    service.submit(stream: "drone", id: 5, label: "car", views: views())
    service.finish()
    try await service.run()
    let made = subjects.withLock { $0 }
    #expect(made.map(\.objectID) == [4, 5] && made[0].label == "car")
    #expect(made[0].publicURL == "https://pictures.example/objects/drone_object_4.jpg")
    #expect(made[0].jpeg.prefix(2) == [0xff, 0xd8] && made[0].jpeg == made[1].jpeg)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path("objects")) == ["drone_object_5.jpg"],
      "of two files the older went")
  }
}

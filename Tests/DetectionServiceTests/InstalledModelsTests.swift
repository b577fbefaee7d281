import DetectionService
import Foundation
import TestSupport
import Testing

@Suite struct InstalledModelsTests {
  private let folder = TemporaryFolder()

  private func put(_ files: String...) throws {
    for file in files {
      let url = folder.file(file)
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data().write(to: url)
    }
  }

  private var models: InstalledModels { InstalledModels(folder: folder.url.path) }

  @Test func aFolderThatIsNotThereHasNoModels() {
    let models = InstalledModels(folder: folder.path("none"))
    #expect(models.isEmpty && models.names.isEmpty)
  }

  @Test func modelsAreKnownByTheirNetworksSmallOnesFirst() throws {
    try put(
      "grounding-dino-base/gd_text.xml", "grounding-dino-base/gd_detect.xml", "grounding-dino-base/vocab.txt",
      "grounding-dino-tiny/gd_text.onnx", "grounding-dino-tiny/gd_detect.onnx", "grounding-dino-tiny/vocab.txt",
      "no-vocabulary/gd_text.xml", "no-vocabulary/gd_detect.xml",
      "sam2.1-hiera-large/encode_image.xml", "sam2.1-hiera-large/attend_memory.xml",
      "edgetam/encode_image.xml", "edgetam/attend_memory.xml", "image-only/encode_image.xml",
      ".hidden/encode_image.xml", ".hidden/attend_memory.xml", "FastestDet.onnx", "coco.names")
    #expect(models.grounding == ["grounding-dino-tiny", "grounding-dino-base"])
    #expect(models.segmenters == ["edgetam", "sam2.1-hiera-large"])
    #expect(models.fastestDet == "FastestDet")
    #expect(
      models.names == [
        "fastestdet", "grounding-dino-tiny", "grounding-dino-tiny+edgetam", "grounding-dino-tiny+sam2.1-hiera-large",
        "grounding-dino-base", "grounding-dino-base+edgetam", "grounding-dino-base+sam2.1-hiera-large",
      ])
  }

  @Test func aDetectorNeedsTheNamesOfItsClasses() throws {
    try put("FastestDet.onnx", "yolo/fastestdet.onnx")
    #expect(models.fastestDet == nil && models.isEmpty)
    try put("yolo/coco.names")
    #expect(models.fastestDet == "yolo/fastestdet")
  }
}

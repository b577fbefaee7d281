#if OpenVINO
  import Detection
  import FFmpeg
  import Foundation
  import Inference
  import JPEG
  import MediaModel
  import OpenVINOBackend
  import TestSupport
  import Testing

  /// FastestDet with trained weights on real pictures, against a decode in Python: OpenCV's `resize` with `INTER_AREA`,
  /// OpenVINO, and the decoding of its author in double precision. It saw the pixels that a ``Picture`` has: planes that
  /// FFmpeg decoded, turned to colours as ``RGBImage`` turns them; the photograph's colours, 4:4:4 in the file, averaged
  /// over two by two pixels before.
  @Suite(.enabled(if: TestData.has("models/FastestDet.onnx"), "\(TestData.absent)")) struct FastestDetReferenceTests {
    private struct Box {
      var label: String
      var score: Float
      var box: SIMD4<Float>

      init(_ label: String, _ score: Float, _ box: SIMD4<Float>) {
        (self.label, self.score, self.box) = (label, score, box)
      }
    }

    /// Every box from a score of 0.55 on.
    private static let photograph = [
      Box("person", 0.900, [41.4, 63.5, 177.3, 294.3]), Box("person", 0.894, [287.4, 141.9, 482.1, 296.7]),
      Box("person", 0.815, [157.9, 136.9, 256.1, 264.9]), Box("person", 0.785, [231.4, 138.5, 323.3, 276.7]),
    ]
    /// By video and frame.
    private static let videos: [(name: String, frames: [(Int, [Box])])] = [
      (
        "children_tracking_demo",
        [
          (
            0,
            [
              Box("bed", 0.885, [-56.0, 329.4, 723.2, 557.2]), Box("person", 0.879, [317.3, -15.7, 493.4, 395.6]),
              Box("banana", 0.718, [164.4, 121.8, 316.3, 411.2]), Box("person", 0.636, [155.6, 113.5, 308.0, 408.2]),
            ]
          ),
          (
            60,
            [
              Box("bed", 0.895, [-71.5, 333.2, 705.7, 556.9]), Box("person", 0.883, [216.1, 12.2, 452.8, 428.5]),
              Box("person", 0.658, [250.5, 165.3, 397.3, 425.2]),
            ]
          ),
        ]
      ),
      (
        "bedroom",
        [
          (
            0,
            [
              Box("person", 0.862, [279.1, 14.3, 514.5, 395.6]), Box("bed", 0.845, [-60.1, 325.9, 724.9, 554.5]),
              Box("person", 0.799, [155.4, 125.6, 331.0, 402.1]), Box("person", 0.608, [73.4, 78.4, 654.6, 573.9]),
            ]
          ),
          (60, [Box("person", 0.926, [178.9, 25.9, 467.8, 445.1]), Box("bed", 0.904, [-51.0, 327.5, 717.2, 556.9])]),
        ]
      ),
    ]

    private func found(in pictures: [Picture]) async throws -> [[DetectedBox]] {
      let names = try String(contentsOf: try #require(TestData.url("models/coco.names")), encoding: .utf8)
      let detector = FastestDet(classes: names.split(separator: "\n").map(String.init))
      let folder = try #require(TestData.url("models")).path
      let backend = try OpenVINOBackend(folder: folder, options: OpenVINOOptions(threads: 1))
      let model = try await backend.load("FastestDet", as: detector.signature)
      var result: [[DetectedBox]] = []
      for picture in pictures {
        let image = RGBImage(picture)
        let outputs = try await model.run(detector.inputs(of: image))
        result.append(detector.boxes(in: outputs, width: image.width, height: image.height))
      }
      return result
    }

    private func compare(_ found: [DetectedBox], _ expected: [Box]) {
      let sure = found.filter { $0.score >= 0.55 }
      #expect(sure.map(\.label) == expected.map(\.label))
      for (box, reference) in zip(sure, expected) {
        let offset = box.box - reference.box
        #expect(max(offset.max(), -offset.min()) < 1, "\(reference.label) at \(box.box)")
        #expect(abs(box.score - reference.score) < 0.02)
      }
    }

    @Test func aPhotographShowsFourPeople() async throws {
      let path = try #require(TestData.url("models/people.jpg")).path
      let picture = try JPEGDecoder().decode(Array(Data(contentsOf: URL(filePath: path))))
      compare(try await found(in: [picture])[0], Self.photograph)
    }

    @Test(.enabled(if: TestData.has("videos/bedroom.mp4"), "\(TestData.absent)"))
    func framesOfVideosShowWhatTheReferenceSees() async throws {
      for video in Self.videos {
        let demuxer = try Demuxer(MediaLocation(try #require(TestData.url("videos/\(video.name).mp4")).path))
        let decoder = try H264Decoder(options: DecoderOptions(for: demuxer.video))
        var pictures: [Picture] = []
        while pictures.count <= 60, let packet = try demuxer.next() {
          pictures += try decoder.decode(packet.bytes, presentationTime: packet.presentationTime).map(\.picture)
        }
        try #require(pictures.count > 60)
        let found = try await found(in: video.frames.map { pictures[$0.0] })
        for (boxes, frame) in zip(found, video.frames) { compare(boxes, frame.1) }
      }
    }
  }
#endif

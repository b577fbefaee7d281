import Detection
import Inference
import Testing

@Suite struct FastestDetTests {
  private let detector = FastestDet(classes: ["person", "car"])

  /// An output in which the given cells say something.
  private func output(_ cells: [(index: Int, values: [Float])]) -> [String: Tensor] {
    var values = [Float](repeating: 0, count: 7 * 22 * 22)
    for cell in cells {
      for (channel, value) in cell.values.enumerated() { values[channel * 22 * 22 + cell.index] = value }
    }
    return [detector.outputName: Tensor(values, shape: [1, 7, 22, 22])]
  }

  @Test func aCellIsABox() throws {
    // Column 11, row 5: the centre is at tanh(0.5) = 0.4621 of the cell to the right, and at its upper edge.
    let outputs = output([(5 * 22 + 11, [0.9, 0.5, 0, 0, -1.386294, 0.1, 0.8])])
    let found = try #require(detector.boxes(in: outputs, width: 220, height: 440).first)
    #expect(found.label == "car" && found.category == 1)
    // 0.9^0.6 · 0.8^0.4
    #expect(abs(found.score - 0.8586) < 1e-3)
    let offset = found.box - [59.621, 56, 169.621, 144] as SIMD4<Float>
    #expect((offset * offset).sum() < 0.01)
  }

  @Test func weakCellsAreNothingAndNeighboursTheSame() {
    let outputs = output([
      (100, [0.4, 0, 0, 0, 0, 0.5, 0]), (200, [0.9, 0, 0, 0, 0, 0.9, 0]), (201, [0.8, 0, 0, 0, 0, 0.9, 0]),
    ])
    let found = detector.boxes(in: outputs, width: 220, height: 220)
    #expect(found.count == 1 && found.first?.label == "person")
  }

  @Test func thePictureGoesInBlueFirst() throws {
    let image = RGBImage(width: 704, height: 352, pixels: [255, 0, 51].cycled(704 * 352))
    let input = try #require(detector.inputs(of: image)[detector.inputName])
    #expect(input.shape == [1, 3, 352, 352])
    let area = 352 * 352
    #expect([input.floats[0], input.floats[area], input.floats[2 * area]] == [0.2, 0, 1])
  }

  /// Values by OpenCV 4's `resize` with `INTER_AREA`, which rounds in another place: each may differ by one.
  @Test func areasEqualTheReference() {
    var random = ReferenceSequence(seed: 9)
    let samples: [(source: (Int, Int), target: (Int, Int), first: [Int], sum: Int)] = [
      ((70, 45), (32, 20), [107, 161, 171, 175, 130, 154], 244_859),
      ((50, 20), (40, 30), [67, 65, 218, 133, 98, 151], 459_233),
    ]
    for sample in samples {
      let (width, height) = sample.source
      let image = RGBImage(
        width: width, height: height, pixels: (0..<3 * width * height).map { _ in UInt8(random.next(256)) })
      let pixels = AreaResampler(width: sample.target.0, height: sample.target.1).resized(image).pixels.map(Int.init)
      for (pixel, expected) in zip(pixels, sample.first) { #expect(abs(pixel - expected) <= 1) }
      #expect(abs(pixels.reduce(0, +) - sample.sum) < pixels.count / 20)
    }
  }
}

extension [UInt8] {
  fileprivate func cycled(_ count: Int) -> [UInt8] { (0..<count).flatMap { _ in self } }
}

import Detection
import Inference
import Testing

/// The values are those of the image processor of transformers 5.24 with torchvision 0.29.
@Suite struct ImageNormaliserTests {
  private struct Sample {
    var source: (width: Int, height: Int)
    var target: (width: Int, height: Int)
    var checksum: UInt64
    var first: [Float]
  }

  private let samples = [
    Sample(
      source: (64, 48), target: (40, 40), checksum: 0x1e6b_8633_ad17_f7ed,
      first: [-0.1828068, 0.9988012, -0.3198048]),
    Sample(
      source: (33, 57), target: (80, 60), checksum: 0xe3f6_77f3_d4ed_dd26, first: [1.4269201, 1.5125438, 1.7694152]),
    Sample(
      source: (97, 31), target: (12, 9), checksum: 0x13fc_b2a9_204a_1810,
      first: [0.0740645, -0.2170563, -0.0115593]),
  ]

  @Test func bytesEqualTheReference() {
    var random = ReferenceSequence(seed: 7)
    for sample in samples {
      let (width, height) = sample.source
      let image = RGBImage(
        width: width, height: height, pixels: (0..<3 * width * height).map { _ in UInt8(random.next(256)) })
      let resized = BilinearResampler(width: sample.target.width, height: sample.target.height).resized(image)
      var checksum = Checksum()
      for pixel in resized.pixels { checksum.add(Int(pixel)) }
      #expect(checksum.value == sample.checksum)

      let tensor = ImageNormaliser(width: sample.target.width, height: sample.target.height).tensor(of: image)
      #expect(tensor.shape == [1, 3, sample.target.height, sample.target.width])
      for (value, expected) in zip(tensor.floats, sample.first) { #expect(abs(value - expected) < 1e-6) }
    }
  }

  @Test func theSameSizeIsTheSamePicture() {
    let image = RGBImage(width: 2, height: 1, pixels: [1, 2, 3, 250, 251, 255])
    #expect(BilinearResampler(width: 2, height: 1).resized(image) == image)
  }
}

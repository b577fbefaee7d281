public import Inference

/// Brings a picture to the size and range that a network was trained with.
public struct ImageNormaliser: Hashable, Sendable {
  public var width: Int
  public var height: Int
  /// Red, green and blue, of values 0…1: those of ImageNet.
  public var mean = SIMD3<Float>(0.485, 0.456, 0.406)
  public var deviation = SIMD3<Float>(0.229, 0.224, 0.225)

  /// - Parameters:
  ///   - width: of the network's input, pixels.
  ///   - height: of the network's input, pixels.
  public init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  /// `[1, 3, height, width]`, the aspect ratio as the sizes have it.
  public func tensor(of image: RGBImage) -> Tensor {
    let resized = BilinearResampler(width: width, height: height).resized(image)
    let area = width * height
    let (offset, scale) = (mean * 255, deviation * 255)
    let values = [Float](unsafeUninitializedCapacity: 3 * area) { result, count in
      resized.pixels.withUnsafeBufferPointer { source in
        for channel in 0..<3 {
          for pixel in 0..<area {
            result[channel * area + pixel] = (Float(source[3 * pixel + channel]) - offset[channel]) / scale[channel]
          }
        }
      }
      count = 3 * area
    }
    return Tensor(values, shape: [1, 3, height, width])
  }
}

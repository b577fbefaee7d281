public import Inference

/// FastestDet: one output, a grid of 22 × 22 cells, each with objectness, box and class scores.
///
/// Source: the decoding that its author publishes with the network (dog-qiuqiu, "FastestDet", 2022).
public struct FastestDet: GridDetector {
  /// Pixels of the sides of the network's input.
  static let side = 352
  static let cells = 22

  /// Names of the classes, in the order of the network's outputs.
  public var classes: [String]
  /// Score of a box that counts, at least.
  public var threshold: Float = 0.5
  /// Boxes of one class that overlap by more than this (intersection over union) are the same thing.
  public var maximalOverlap: Float = 0.45
  public var inputName = "input.1"
  public var outputName = "758"

  public init(classes: [String]) { self.classes = classes }

  public var signature: ModelSignature {
    ModelSignature(
      inputs: [TensorSpecification(inputName, .float32, [1, 3, Self.side, Self.side])],
      outputs: [TensorSpecification(outputName, .float32, [1, 5 + classes.count, Self.cells, Self.cells])])
  }

  /// Blue, green, red, 0…1.
  public func inputs(of image: RGBImage) -> [String: Tensor] {
    let resized = AreaResampler(width: Self.side, height: Self.side).resized(image)
    let area = Self.side * Self.side
    let values = [Float](unsafeUninitializedCapacity: 3 * area) { result, count in
      resized.pixels.withUnsafeBufferPointer { source in
        for channel in 0..<3 {
          for pixel in 0..<area { result[channel * area + pixel] = Float(source[3 * pixel + 2 - channel]) / 255 }
        }
      }
      count = 3 * area
    }
    return [inputName: Tensor(values, shape: [1, 3, Self.side, Self.side])]
  }

  public func boxes(in outputs: [String: Tensor], width: Int, height: Int) -> [DetectedBox] {
    guard let values = outputs[outputName]?.floats else { return [] }
    let area = Self.cells * Self.cells
    let size = SIMD4(Float(width), Float(height), Float(width), Float(height))
    var found: [DetectedBox] = []
    for cell in 0..<area {
      func value(_ channel: Int) -> Float { values[channel * area + cell] }
      guard let best = classes.indices.max(by: { value(5 + $0) < value(5 + $1) }) else { continue }
      let score = power(value(0), 0.6) * power(value(5 + best), 0.4)
      guard score > threshold else { continue }
      let corner = SIMD2(Float(cell % Self.cells), Float(cell / Self.cells))
      let centre = (corner + SIMD2(hyperbolicTangent(value(1)), hyperbolicTangent(value(2)))) / Float(Self.cells)
      let half = SIMD2(sigmoid(value(3)), sigmoid(value(4))) / 2
      found.append(
        DetectedBox(
          box: SIMD4(lowHalf: centre - half, highHalf: centre + half) * size, score: score, label: classes[best],
          category: best))
    }
    return NonMaximumSuppression(maximalOverlap: maximalOverlap).filtered(found)
  }
}

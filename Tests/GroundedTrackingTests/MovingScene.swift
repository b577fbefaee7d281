import Detection
import MediaModel
import Segmentation
import Vision

/// Pictures of a textured ground over which textured squares move, with the truth: what flow and the logic around it
/// are tested on.
struct MovingScene {
  struct Square {
    /// Left upper corner in frame 0, pixels.
    var start: SIMD2<Float>
    /// Pixels a frame.
    var velocity: SIMD2<Float>
    var side: Float = 48
    var seed = 1
  }

  var width = 320
  var height = 240
  /// By how much the ground moves, pixels a frame.
  var camera = SIMD2<Float>.zero
  var squares: [Square]

  /// 0…1, smooth, as if it went on for ever.
  private static func texture(_ place: SIMD2<Float>, _ seed: Int) -> Float {
    func corner(_ x: Int, _ y: Int) -> Float {
      var value = UInt32(truncatingIfNeeded: x &* 73_856_093 ^ y &* 19_349_663 ^ seed &* 83_492_791)
      value ^= value >> 13
      value = value &* 0x5bd1_e995
      return Float((value ^ value >> 15) & 255) / 255
    }
    let cell = place / 5
    let (x, y) = (cell.x.rounded(.down), cell.y.rounded(.down))
    let (fx, fy) = (cell.x - x, cell.y - y)
    let (column, row) = (Int(x), Int(y))
    let top = corner(column, row) * (1 - fx) + corner(column + 1, row) * fx
    let bottom = corner(column, row + 1) * (1 - fx) + corner(column + 1, row + 1) * fx
    return top * (1 - fy) + bottom * fy
  }

  /// Left, top, right, bottom.
  func box(_ square: Int, in frame: Int) -> SIMD4<Float> {
    let corner = squares[square].start + (squares[square].velocity + camera) * Float(frame)
    return SIMD4(lowHalf: corner, highHalf: corner + squares[square].side)
  }

  func grey(_ frame: Int) -> GreyImage {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(width * height)
    for y in 0..<height {
      for x in 0..<width {
        let place = SIMD2(Float(x), Float(y)) + 0.5
        var value = Self.texture(place - camera * Float(frame), 0)
        for (index, square) in squares.enumerated() {
          let box = box(index, in: frame)
          if place.x >= box.x, place.y >= box.y, place.x < box.z, place.y < box.w {
            value = Self.texture(place - box.lowHalf, square.seed)
          }
        }
        pixels.append(UInt8(20 + 200 * value))
      }
    }
    return GreyImage(width: width, height: height, pixels: pixels)
  }

  func picture(_ frame: Int) -> Picture {
    let grey = grey(frame)
    let builder = PictureBuilder(resolution: Resolution(width: width, height: height))
    for y in 0..<height {
      for x in 0..<width { builder.luma[y * builder.strides.luma + x] = grey[x, y] }
    }
    for index in 0..<builder.strides.chroma * ((height + 1) / 2) { (builder.cb[index], builder.cr[index]) = (128, 128) }
    return builder.seal(isFullRange: true)
  }

  /// What a good segmenter says of a square.
  func segmented(_ square: Int, as id: Int, in frame: Int) -> SegmentedObject {
    let size = 80
    let box = box(square, in: frame)
    var logits = [Float](repeating: -8, count: size * size)
    for row in 0..<size {
      for column in 0..<size {
        let x = (Float(column) + 0.5) * Float(width) / Float(size), y = (Float(row) + 0.5) * Float(height) / Float(size)
        if x >= box.x, y >= box.y, x < box.z, y < box.w { logits[row * size + column] = 8 }
      }
    }
    return SegmentedObject(
      id: id, mask: LogitMask(width: size, height: size, logits: logits), objectScore: 5, estimatedOverlap: 0.9,
      isPrompted: false)
  }

  func detected(_ square: Int, in frame: Int, label: String = "car") -> DetectedBox {
    DetectedBox(box: box(square, in: frame), score: 0.9, label: label, category: nil)
  }
}

/// Intersection over union of two boxes.
func boxOverlap(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> Float { DetectedBox.overlap(a, b) }

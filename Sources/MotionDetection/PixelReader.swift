import Vision

/// Reads brightness and colour of a ``WorkingPicture`` whose memory is lent: nothing is counted or checked but edges.
struct PixelReader {
  private let luma: UnsafePointer<UInt8>
  private let cb: UnsafePointer<UInt8>
  private let cr: UnsafePointer<UInt8>
  private let width: Int
  private let height: Int
  private let chromaWidth: Int
  private let chromaHeight: Int
  private let scale: Int

  fileprivate init(
    _ picture: WorkingPicture, _ luma: UnsafePointer<UInt8>, _ cb: UnsafePointer<UInt8>, _ cr: UnsafePointer<UInt8>
  ) {
    (self.luma, self.cb, self.cr) = (luma, cb, cr)
    (width, height) = (picture.image.width, picture.image.height)
    (chromaWidth, chromaHeight) = (picture.chroma.cb.width, picture.chroma.cb.height)
    scale = picture.scale
  }

  /// Brightness, bilinear; `nil` outside the picture.
  func brightness(_ place: SIMD2<Float>) -> Float? {
    guard place.x >= 0, place.y >= 0, place.x < Float(width) - 1.001, place.y < Float(height) - 1.001 else {
      return nil
    }
    let (u, v) = (Int(place.x), Int(place.y))
    let (fx, fy) = (place.x - Float(u), place.y - Float(v))
    let upperLine = luma + (v &* width &+ u)
    let lowerLine = upperLine + width
    let (a, b) = (Float(upperLine[0]), Float(upperLine[1]))
    let (c, d) = (Float(lowerLine[0]), Float(lowerLine[1]))
    let upper = a + fx * (b - a)
    return upper + fy * (c + fx * (d - c) - upper)
  }

  /// Sum of the differences across a place inside the picture, grey levels a pixel.
  func slope(_ place: SIMD2<Float>) -> Float {
    let (u, v) = (min(max(Int(place.x + 0.5), 1), width - 2), min(max(Int(place.y + 0.5), 1), height - 2))
    let here = luma + (v &* width &+ u)
    return Float(abs(Int(here[1]) - Int(here[-1])) + abs(Int(here[width]) - Int(here[-width]))) / 2
  }

  /// Chroma at a place inside the picture, 0 for grey.
  func colour(_ place: SIMD2<Float>) -> SIMD2<Float> {
    let u = min(Int((place.x + 0.5) * Float(scale)) / 2, chromaWidth - 1)
    let v = min(Int((place.y + 0.5) * Float(scale)) / 2, chromaHeight - 1)
    let at = v &* chromaWidth &+ u
    return SIMD2(Float(cb[at]), Float(cr[at])) - 128
  }

  /// A pixel inside the picture; chroma is 0 for grey.
  func pixel(_ x: Int, _ y: Int) -> (luma: Int, cb: Int, cr: Int) {
    let (u, v) = (min((2 * x + 1) * scale / 4, chromaWidth - 1), min((2 * y + 1) * scale / 4, chromaHeight - 1))
    let at = v &* chromaWidth &+ u
    return (Int(luma[y &* width &+ x]), Int(cb[at]) - 128, Int(cr[at]) - 128)
  }
}

extension WorkingPicture {
  /// Lends its pixels to `body`.
  func withReader<Result>(_ body: (PixelReader) -> Result) -> Result {
    image.pixels.withUnsafeBufferPointer { luma in
      chroma.cb.pixels.withUnsafeBufferPointer { cb in
        chroma.cr.pixels.withUnsafeBufferPointer { cr in
          // A picture has pixels.
          body(PixelReader(self, luma.baseAddress!, cb.baseAddress!, cr.baseAddress!))
        }
      }
    }
  }
}

/// What a picture shows at the places of an object's cells.
struct CellSamples {
  /// −1 outside the picture.
  var brightness: [Float]
  /// Chroma, 0 for grey and outside the picture.
  var colours: [SIMD2<Float>]
  /// Sums of the differences across places, grey levels a pixel; 0 outside the picture.
  var slopes: [Float]

  init(_ picture: WorkingPicture, at places: [SIMD2<Float>]) {
    brightness = [Float](repeating: -1, count: places.count)
    colours = [SIMD2<Float>](repeating: .zero, count: places.count)
    slopes = [Float](repeating: 0, count: places.count)
    picture.withReader { reader in
      for (index, place) in places.enumerated() {
        guard let value = reader.brightness(place) else { continue }
        brightness[index] = value
        colours[index] = reader.colour(place)
        slopes[index] = reader.slope(place)
      }
    }
  }
}

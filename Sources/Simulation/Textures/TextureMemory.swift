/// Which texture; an index into `TextureMemory`.
struct TextureID: Hashable, Sendable {
  var index: UInt16
}

/// All textures of a world with their mip levels, laid out for the shading loop.
///
/// Luma is a byte, 0…255; chroma a 16-bit word, Cb low, Cr high, 128 ± 112. A row is followed by its first texel
/// again, and a level by its first row, so that the neighbours of a bilinear sample never need wrapping. The rows are
/// padded further, off powers of two: in a column of texels neighbours would compete for one place in the cache.
// Safe because the memory is written only in `init`.
final class TextureMemory: @unchecked Sendable {
  static let maximumLevels = 12
  /// Texels between the end of a row and the start of the next.
  static let rowPadding: Int32 = 32

  /// Shape and place of a texture.
  struct Layout {
    var log2Width: Int32
    var log2Height: Int32
    /// The highest mip level; level 0 is the finest.
    var lastLevel: Int32
    var padding: Int32 = 0
  }

  let layouts: UnsafeMutablePointer<Layout>
  /// First texel of each level: entry `texture * maximumLevels + level`.
  let levelStarts: UnsafeMutablePointer<Int32>
  let luma: UnsafeMutablePointer<UInt8>
  let chroma: UnsafeMutablePointer<UInt16>
  let count: Int

  init(_ canvases: [Canvas]) {
    count = canvases.count
    layouts = .allocate(capacity: count)
    levelStarts = .allocate(capacity: count * Self.maximumLevels)
    levelStarts.initialize(repeating: 0, count: count * Self.maximumLevels)
    var texels = 0
    for (index, canvas) in canvases.enumerated() {
      let log2Width = canvas.width.trailingZeroBitCount
      let log2Height = canvas.height.trailingZeroBitCount
      let lastLevel = min(log2Width, log2Height, Self.maximumLevels - 1)
      layouts[index] = Layout(
        log2Width: Int32(log2Width), log2Height: Int32(log2Height), lastLevel: Int32(lastLevel))
      for level in 0...lastLevel {
        levelStarts[index * Self.maximumLevels + level] = Int32(texels)
        texels += ((canvas.width >> level) + Int(Self.rowPadding)) * ((canvas.height >> level) + 1)
      }
    }
    luma = allocateLarge(texels, of: UInt8.self)
    chroma = allocateLarge(texels, of: UInt16.self)
    for (index, canvas) in canvases.enumerated() { fill(index, from: canvas) }
  }

  deinit {
    layouts.deallocate()
    levelStarts.deallocate()
    UnsafeMutableRawPointer(luma).deallocate()
    UnsafeMutableRawPointer(chroma).deallocate()
  }

  private func fill(_ texture: Int, from canvas: Canvas) {
    var pixels = canvas.pixels
    var (width, height) = (canvas.width, canvas.height)
    for level in 0...Int(layouts[texture].lastLevel) {
      if level > 0 {
        pixels = Self.halved(pixels, width: width, height: height)
        width /= 2
        height /= 2
      }
      store(pixels, width: width, height: height, at: Int(levelStarts[texture * Self.maximumLevels + level]))
    }
  }

  private static func halved(_ pixels: [Colour], width: Int, height: Int) -> [Colour] {
    var result: [Colour] = []
    result.reserveCapacity(width * height / 4)
    pixels.withUnsafeBufferPointer { pixels in
      for y in stride(from: 0, to: height, by: 2) {
        for x in stride(from: 0, to: width, by: 2) {
          let corner = y * width + x
          let sum = pixels[corner] + pixels[corner + 1] + pixels[corner + width] + pixels[corner + width + 1]
          result.append(sum * 0.25)
        }
      }
    }
    return result
  }

  /// Converts to Y'CbCr by ITU-R BT.709.
  private func store(_ pixels: [Colour], width: Int, height: Int, at start: Int) {
    let stride = width + Int(Self.rowPadding)
    for y in 0...height {
      for x in 0..<stride {
        let pixel = pixels[y % height * width + x % width]
        luma[start + y * stride + x] = UInt8(unit(Luma.of(pixel)) * 255 + 0.5)
        let (cb, cr) = Luma.chroma(of: pixel)
        chroma[start + y * stride + x] = UInt16(128 + cb + 0.5) | UInt16(128 + cr + 0.5) << 8
      }
    }
  }
}

/// Colour as luma and chroma, ITU-R BT.709.
enum Luma {
  static func of(_ colour: Colour) -> Float { colour.dot(Colour(0.2126, 0.7152, 0.0722)) }

  /// Cb and Cr around 0, ±112 at most.
  static func chroma(of colour: Colour) -> (cb: Float, cr: Float) {
    let clamped = simdClamped(colour)
    let luma = of(clamped)
    return ((clamped.z - luma) / 1.8556 * 224, (clamped.x - luma) / 1.5748 * 224)
  }

  private static func simdClamped(_ colour: Colour) -> Colour {
    colour.clamped(lowerBound: Colour(repeating: 0), upperBound: Colour(repeating: 1))
  }
}

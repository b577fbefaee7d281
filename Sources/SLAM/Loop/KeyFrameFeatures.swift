public import Vision

/// What a key frame shows, described so that it can be recognised: the patches that were followed into it, and more
/// corners between them.
///
/// Each feature is described on several levels of the pyramid, so that it is found again from twice as near or as far.
public struct KeyFrameFeatures: Sendable {
  /// Levels on which features are described.
  static let levelCount = 3
  /// Features at most; those that are followed come first.
  static let maximalCount = 640

  /// On level 0.
  private(set) var pixels: [SIMD2<Float>] = []
  /// Which track, and so which point of the map, a feature belongs to; −1 for none.
  private(set) var owners: [Int] = []
  private var featureOfOwner: [Int: Int] = [:]
  /// `levelCount` for each feature.
  private var descriptors: [BinaryDescriptor] = []
  /// Bit n: the feature is described on level n.
  private var levels: [UInt8] = []
  private var grid = PixelGrid()

  public init() {}

  /// One feature, with its descriptor on each level that has one.
  public struct Feature: Sendable {
    public var pixel: SIMD2<Float>
    /// −1 for none.
    public var owner: Int
    public var descriptors: [BinaryDescriptor?]

    public init(pixel: SIMD2<Float>, owner: Int, descriptors: [BinaryDescriptor?]) {
      self.pixel = pixel
      self.owner = owner
      self.descriptors = descriptors
    }
  }

  /// Features that were described before.
  /// - Parameters:
  ///   - width: of the picture, as is `height`; features lie in it.
  public init(_ features: [Feature], width: Int, height: Int) {
    for feature in features {
      if feature.owner >= 0 { featureOfOwner[feature.owner] = pixels.count }
      pixels.append(feature.pixel)
      owners.append(feature.owner)
      descriptors += feature.descriptors.map { $0 ?? BinaryDescriptor(bits: .zero) }
      levels.append(feature.descriptors.indices.reduce(0) { feature.descriptors[$1] == nil ? $0 : $0 | 1 << UInt8($1) })
    }
    grid = PixelGrid(pixels, width: width, height: height)
  }

  /// The features where another camera would have seen them, without those that it would not have seen.
  func moved(width: Int, height: Int, _ place: (SIMD2<Double>) -> SIMD2<Double>?) -> KeyFrameFeatures {
    let features = (0..<count).compactMap { index -> Feature? in
      guard let pixel = place(position(index)), pixel.x >= -0.5, pixel.y >= -0.5, pixel.x < Double(width) - 0.5,
        pixel.y < Double(height) - 0.5
      else { return nil }
      return Feature(
        pixel: SIMD2(Float(pixel.x), Float(pixel.y)), owner: owners[index],
        descriptors: (0..<Self.levelCount).map { descriptor(index, level: $0) })
    }
    return KeyFrameFeatures(features, width: width, height: height)
  }

  /// How many owners have a feature.
  var ownedCount: Int { featureOfOwner.count }

  /// Describes what was followed into a picture, and corners besides.
  package init(
    of pyramid: ImagePyramid, _ strengths: CornerStrengths, tracks: [(identifier: Int, pixel: SIMD2<Float>)],
    extractor: DescriptorExtractor
  ) {
    let image = pyramid.levels[0]
    let smoothed = [image.smoothed] + pyramid.levels.prefix(Self.levelCount).dropFirst()
    for track in tracks.prefix(Self.maximalCount) {
      append(track.pixel, owner: track.identifier, smoothed, extractor)
    }
    let cell = max(10, Int((Double(image.width * image.height) / Double(Self.maximalCount)).squareRoot() * 0.8))
    let corners = CornerDetector(cellSize: cell, border: 17).detect(in: strengths, avoiding: pixels)
    for corner in corners.prefix(max(0, Self.maximalCount - pixels.count)) {
      append(corner.position, owner: -1, smoothed, extractor)
    }
    grid = PixelGrid(pixels, width: image.width, height: image.height)
  }

  private mutating func append(
    _ pixel: SIMD2<Float>, owner: Int, _ smoothed: [GreyImage], _ extractor: DescriptorExtractor
  ) {
    var described: UInt8 = 0
    var found = [BinaryDescriptor](repeating: BinaryDescriptor(bits: .zero), count: Self.levelCount)
    for (level, image) in smoothed.enumerated() {
      let position = ImagePyramid.position(pixel, onLevel: level)
      guard let descriptor = extractor.descriptor(at: position, in: image) else { continue }
      found[level] = descriptor
      described |= 1 << UInt8(level)
    }
    guard described != 0 else { return }
    if owner >= 0 { featureOfOwner[owner] = pixels.count }
    pixels.append(pixel)
    owners.append(owner)
    descriptors += found
    levels.append(described)
  }

  var count: Int { pixels.count }

  /// Bytes of all that is known of the features, about.
  var byteCount: Int { count * (8 + 8 + 32 * Self.levelCount + 1 + 4) + 17 * featureOfOwner.capacity * 4 / 3 }

  func position(_ feature: Int) -> SIMD2<Double> { SIMD2(Double(pixels[feature].x), Double(pixels[feature].y)) }

  /// The feature that shows a point, or `nil`.
  func feature(of owner: Int) -> Int? { featureOfOwner[owner] }

  /// Gives a feature to a point, or with −1 to none.
  mutating func own(_ feature: Int, by owner: Int) {
    if owners[feature] >= 0 { featureOfOwner[owners[feature]] = nil }
    owners[feature] = owner
    if owner >= 0 { featureOfOwner[owner] = feature }
  }

  /// Features within `radius` pixels, always in the same order.
  func near(_ pixel: SIMD2<Double>, radius: Double, _ body: (Int) -> Void) {
    grid.near(pixel, radius: radius) { feature in
      let offset = position(feature) - pixel
      if (offset * offset).sum() <= radius * radius { body(feature) }
    }
  }

  /// The descriptor of a feature on a level, or `nil` where the picture's edge is too near.
  func descriptor(_ feature: Int, level: Int) -> BinaryDescriptor? {
    levels[feature] >> UInt8(level) & 1 == 1 ? descriptors[Self.levelCount * feature + level] : nil
  }

  /// The descriptor of a feature on the finest level that has one.
  func descriptor(_ feature: Int) -> BinaryDescriptor {
    descriptors[Self.levelCount * feature + levels[feature].trailingZeroBitCount]
  }

  /// How much a feature differs from one of another key frame, in bits of 256.
  /// - Parameter shift: how many levels the other picture shows it larger; as many are taken off there.
  /// - Returns: 256 when no level of both can be compared.
  func distance(_ feature: Int, _ other: KeyFrameFeatures, _ otherFeature: Int, shift: Int) -> Int {
    var best = 256
    for level in 0..<Self.levelCount where (0..<Self.levelCount).contains(level + shift) {
      guard let mine = descriptor(feature, level: level),
        let its = other.descriptor(otherFeature, level: level + shift)
      else { continue }
      best = min(best, mine.distance(to: its))
    }
    return best
  }
}

/// Finds pixels near a pixel: a grid of cells and the pixels that lie in each.
struct PixelGrid {
  private static let cell = 32
  private var columns = 0
  private var rows = 0
  /// Where in `order` the pixels of each cell begin; one more entry ends the last.
  private var starts: [Int32] = [0]
  private var order: [Int32] = []

  init() {}

  /// - Precondition: all pixels lie in the picture.
  init(_ pixels: [SIMD2<Float>], width: Int, height: Int) {
    columns = (width + Self.cell - 1) / Self.cell
    rows = (height + Self.cell - 1) / Self.cell
    let cells = pixels.map { pixel in
      let (column, row) = (Int(pixel.x) / Self.cell, Int(pixel.y) / Self.cell)
      return min(max(row, 0), rows - 1) * columns + min(max(column, 0), columns - 1)
    }
    var counts = [Int32](repeating: 0, count: columns * rows + 1)
    for cell in cells { counts[cell + 1] += 1 }
    for cell in 0..<columns * rows { counts[cell + 1] += counts[cell] }
    starts = counts
    order = [Int32](repeating: 0, count: pixels.count)
    for (index, cell) in cells.enumerated() {
      order[Int(counts[cell])] = Int32(index)
      counts[cell] += 1
    }
  }

  /// Indices of the pixels in the cells that a circle may touch.
  func near(_ pixel: SIMD2<Double>, radius: Double, _ body: (Int) -> Void) {
    let side = Double(Self.cell)
    guard columns > 0, pixel.x.isFinite, pixel.y.isFinite, radius < 1e6, abs(pixel.x) < 1e6, abs(pixel.y) < 1e6
    else { return }
    let (left, right) = (Int((pixel.x - radius) / side), Int((pixel.x + radius) / side))
    let (top, bottom) = (Int((pixel.y - radius) / side), Int((pixel.y + radius) / side))
    guard right >= 0, bottom >= 0, left < columns, top < rows else { return }
    for row in max(top, 0)...min(bottom, rows - 1) {
      for column in max(left, 0)...min(right, columns - 1) {
        let cell = row * columns + column
        for place in starts[cell]..<starts[cell + 1] { body(Int(order[Int(place)])) }
      }
    }
  }
}

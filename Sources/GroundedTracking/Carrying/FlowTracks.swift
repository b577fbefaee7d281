import Vision

/// Points of a video that are followed from frame to frame, of which every earlier frame that somebody holds on to knows where
/// they were: so that masks and boxes of that frame are brought to now, however old they are.
///
/// One frame costs one search for each point, whatever the number of earlier frames that are held on to.
struct FlowTracks: Sendable {
  private struct Point: Sendable {
    /// Grows with the age of the video.
    var id: Int
    /// Pixels of the flow's picture, of which (0, 0) is the centre of the first pixel.
    var position: SIMD2<Float>
    /// From the frame before to this one.
    var velocity: SIMD2<Float>
  }

  /// Where the points were in one frame.
  struct Anchor: Sendable {
    /// Ascending.
    fileprivate var ids: [Int]
    /// Pixels of the flow's picture.
    fileprivate var positions: [SIMD2<Float>]
  }

  /// Wider pictures are halved until they are not.
  static let maximalWidth = 720
  static let maximalPoints = 600
  private static let levels = 4
  /// Likeness of a point's surroundings from one frame to the next, below which it is another.
  private static let minimalCorrelation: Float = 0.8

  private let tracker: PatchTracker
  /// By id, ascending.
  private var points: [Point] = []
  private var lastID = 0
  private var pyramid: ImagePyramid?
  /// How many pixels of the picture one of the flow's is wide.
  private(set) var pixel: Float = 1

  init() {
    var tracker = PatchTracker()
    // A carried mask is none the better for hundredths of a pixel.
    (tracker.tolerance, tracker.iterations) = (0.05, 8)
    self.tracker = tracker
  }

  var count: Int { points.count }

  /// Takes the next frame: finds the points in it, and forgets those that are not there.
  mutating func advance(to image: GreyImage) {
    var (reduced, pixel) = (image, Float(1))
    while reduced.width > Self.maximalWidth { (reduced, pixel) = (reduced.halved, 2 * pixel) }
    let next = ImagePyramid(reduced, levelCount: Self.levels)
    self.pixel = pixel
    defer { pyramid = next }
    guard let pyramid, pyramid.levels[0].width == reduced.width, pyramid.levels[0].height == reduced.height else {
      points = []
      return
    }
    var kept: [Point] = []
    kept.reserveCapacity(points.count)
    for point in points {
      let guess = point.position + point.velocity
      guard let match = tracker.track(point.position, from: pyramid, to: next, guess: guess),
        match.correlation >= Self.minimalCorrelation
      else { continue }
      kept.append(Point(id: point.id, position: match.position, velocity: match.position - point.position))
    }
    points = kept
  }

  /// Holds on to this frame. New points are sought first, where there are none; near together in the given boxes.
  /// - Parameter boxes: pixels of the picture.
  mutating func anchor(closerIn boxes: [SIMD4<Float>] = []) -> Anchor {
    if let pyramid {
      let image = pyramid.levels[0]
      let strengths = CornerStrengths(of: image)
      let border = 9
      seed(CornerDetector(cellSize: 16, border: border).detect(in: strengths, avoiding: points.map(\.position)))
      if !boxes.isEmpty {
        let fine = CornerDetector(cellSize: 8, minimalStrength: 4, border: border)
        let found = fine.detect(in: strengths, avoiding: points.map(\.position)).filter { corner in
          let place = (corner.position + 0.5) * pixel
          return boxes.contains { place.x >= $0.x && place.y >= $0.y && place.x < $0.z && place.y < $0.w }
        }
        seed(found)
      }
    }
    return Anchor(ids: points.map(\.id), positions: points.map(\.position))
  }

  private mutating func seed(_ corners: [CornerDetector.Corner]) {
    for corner in corners.prefix(max(0, Self.maximalPoints - points.count)) {
      lastID += 1
      points.append(Point(id: lastID, position: corner.position, velocity: .zero))
    }
  }

  /// Where the points that are still there were, and where they are; pixels from the picture's left upper corner.
  func pairs(since anchor: Anchor) -> PlacePairs {
    var pairs = PlacePairs()
    var place = 0
    for point in points {
      while place < anchor.ids.count, anchor.ids[place] < point.id { place += 1 }
      guard place < anchor.ids.count else { break }
      guard anchor.ids[place] == point.id else { continue }
      pairs.from.append((anchor.positions[place] + 0.5) * pixel)
      pairs.to.append((point.position + 0.5) * pixel)
    }
    return pairs
  }
}

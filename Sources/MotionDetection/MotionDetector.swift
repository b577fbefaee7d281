import MediaModel
import Tracking
import Vision

/// Finds what moves by itself in the pictures of a moving camera.
///
/// Points all over the picture are followed from frame to frame. From their paths over 2 to 12 frames the camera's motion
/// is found, and the ground. A point that leaves the line on which points at rest move, or that goes below the ground,
/// moves by itself; so do points that seem to hover over ground that is seen right beneath them, since who comes towards
/// the camera seems nearer than it is. Before a camera that stays in its place all moves that leaves the camera's turn.
/// Moving points that lie together and move alike are a group; the pixels that its motion explains better than rest does,
/// and those of like colours around, are its mask. Who goes straight ahead as fast as the camera or slowly stays unseen.
///
/// One owner; the same pictures give the same bits. Memory is bounded: the latest 13 pictures at working size.
///
/// Sources: Sheikh, Javed, Kanade 2009, "Background subtraction for freely moving cameras"; Irani, Anandan 1998, "A unified
/// approach to moving object detection in 2D and 3D scenes".
struct MotionDetector: Sendable {
  let options: MotionOptions
  private var field: MotionField?
  private var resolution: Resolution?

  init(_ options: MotionOptions) { self.options = options }

  /// Focal length as found so far, widths of the picture.
  var focalLengthInWidths: Double { field?.focalLengthInWidths ?? options.focalLengthInWidths }

  /// Looks at the next picture. One of another size begins anew.
  /// - Parameter resolution: of the whole picture.
  /// - Returns: nothing while fewer than three pictures were seen, and in pictures without texture.
  /// - Complexity: some 15 ms for 1280×720 pixels.
  mutating func look(at working: WorkingPicture, of resolution: Resolution) -> MotionFindings {
    guard min(working.image.width, working.image.height) >= MotionField.smallestSide else { return MotionFindings() }
    if field == nil || self.resolution != resolution {
      self.resolution = resolution
      field = MotionField(
        width: working.image.width, height: working.image.height, focalLengthInWidths: options.focalLengthInWidths)
    }
    field?.advance(to: working)
    guard let field else { return MotionFindings() }
    var found = MotionFindings()
    for group in MotionGrouping().groups(field.points, of: field.field)
    where group.agreement > 0.25 && group.purity > 0.3 {
      guard let layer = field.layer(of: group) else { continue }
      let score = Self.score(group, layer)
      guard score >= options.minimalScore else { continue }
      found.findings.append(
        MotionFinding(
          box: SIMD4<Float>(layer.box) - 0.5, mask: layer.mask, score: score, motion: group.motion,
          members: group.members.map { field.points[$0].position }))
    }
    found.findings = Self.withoutRepetitions(found.findings)
    found.restPoints = field.restPoints
    found.isCameraInPlace = field.isCameraInPlace
    found.imageFromPrevious = field.imageFromPrevious
    return found
  }

  /// How likely a group is an object, 0…1: a logistic function, fitted to simulated flights.
  private static func score(_ group: MotionGroup, _ layer: MotionLayer) -> Float {
    let sum = zip(weights, features(group, layer)).reduce(bias) { $0 + $1.0 * $1.1 }
    return 1 / (1 + exponential(-sum))
  }

  /// What tells objects from others, about −1…1 each.
  static func features(_ group: MotionGroup, _ layer: MotionLayer) -> [Float] {
    let speed = (group.velocity * group.velocity).sum().squareRoot()
    return [
      logarithm(Float(group.agreeing)), group.strength, logarithm(speed + 0.05), group.evidence, group.agreement,
      group.purity, group.breadth, layer.gain / 10, layer.contrast / 10, logarithm(Float(layer.area)),
      min(layer.restShift, 4), layer.restGain / 10,
    ]
  }

  private static let bias: Float = -10.09
  private static let weights: [Float] = [
    0.942, 0.615, -1.511, 0.974, -2.741, 4.453, 3.191, 1.628, 0.8, 0.042, 0.216, 0.413,
  ]

  /// Without what lies mostly in something better, from left to right.
  private static func withoutRepetitions(_ observations: [MotionFinding]) -> [MotionFinding] {
    var kept: [MotionFinding] = []
    for observation in observations.sorted(by: { ($1.score, $0.box.x, $0.box.y) < ($0.score, $1.box.x, $1.box.y) }) {
      if !kept.contains(where: { BoxOverlap.ofSmaller(observation.box, $0.box) > 0.5 }) { kept.append(observation) }
    }
    return kept.sorted { ($0.box.x, $0.box.y) < ($1.box.x, $1.box.y) }
  }
}

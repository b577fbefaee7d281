public import MediaModel
public import Tracking
import Vision

/// What moves by itself in one picture.
public struct MotionDetection: Sendable {
  /// The moving objects, from left to right.
  public var observations: [ObjectObservation] = []
}

/// Finds what moves by itself in the pictures of a moving camera.
public struct MotionDetector: Sendable {
  public let options: MotionOptions
  package private(set) var field: MotionField?

  public init(_ options: MotionOptions = MotionOptions()) { self.options = options }

  public mutating func detect(in picture: Picture, at nanos: Int64) -> MotionDetection {
    let working = WorkingPicture(picture, workingWidth: options.workingWidth)
    if field == nil {
      field = MotionField(
        width: working.image.width, height: working.image.height, focalLengthInWidths: options.focalLengthInWidths)
    }
    field?.advance(to: working)
    guard let field else { return MotionDetection() }
    let groups = MotionGrouping().groups(field.points, of: field.field)
    let scale = Float(working.scale)
    var observations: [ObjectObservation] = []
    for group in groups where group.agreement > 0.4 && group.purity > 0.3 {
      guard let layer = field.layer(of: group) else { continue }
      observations.append(
        ObjectObservation(box: SIMD4<Float>(layer.box) * scale, label: "moving object", score: group.purity, appearance: [layer.gain, group.agreement, group.purity, Float(group.agreeing), group.strength, Float(layer.area), group.evidence, layer.contrast, layer.fill, (group.velocity * group.velocity).sum().squareRoot()]))
    }
    return MotionDetection(observations: observations)
  }
}

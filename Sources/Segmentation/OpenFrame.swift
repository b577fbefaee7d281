import MediaModel

/// A frame in which objects were found, and in which prompts may still show some.
public struct OpenFrame: Sendable {
  let step: TrackingStep
  let image: EncodedImage
  /// For each object of the step.
  let masks: [DecodedMask]
  let resolution: Resolution

  /// What was found, in the order in which the objects were added.
  public var objects: [SegmentedObject] {
    zip(step.objects, masks).map { TrackingStep.Result(object: $0, mask: $1, memory: []).segmented }
  }
}

extension TrackingStep.Result {
  /// What a caller sees of it. Masks of networks are square.
  var segmented: SegmentedObject {
    let size = Int(Double(mask.logits.count).squareRoot())
    return SegmentedObject(
      id: object.id, mask: LogitMask(width: size, height: size, logits: mask.logits), objectScore: mask.score,
      estimatedOverlap: mask.overlap, isPrompted: object.prompt != nil)
  }
}

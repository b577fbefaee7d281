public import Detection
public import Inference
import MediaModel

extension VideoSegmenter {
  /// Finds the objects in the next frame, a picture of any size: ``track(_:of:prompts:)``.
  public mutating func track(
    _ image: RGBImage, prompts: [(object: Int, prompt: SegmentationPrompt)] = []
  ) async throws(InferenceError) -> [SegmentedObject] {
    let side = networks.sizes.image
    return try await track(
      ImageNormaliser(width: side, height: side).tensor(of: image),
      of: Resolution(width: image.width, height: image.height), prompts: prompts)
  }

  /// Finds objects in the next frame, a picture of any size: ``look(_:of:for:)``.
  public func look(_ image: RGBImage, for chosen: Set<Int>? = nil) async throws(InferenceError) -> OpenFrame {
    let side = networks.sizes.image
    return try await look(
      ImageNormaliser(width: side, height: side).tensor(of: image),
      of: Resolution(width: image.width, height: image.height), for: chosen)
  }
}

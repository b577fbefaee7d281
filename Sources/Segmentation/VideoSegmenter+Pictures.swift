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
}

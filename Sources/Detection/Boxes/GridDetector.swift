public import Inference

/// A network that says for each cell of a grid over the picture what it shows: the detectors of the YOLO family.
///
/// What differs between them is how a picture goes in and what the numbers that come out mean.
public protocol GridDetector: Sendable {
  /// Names of the classes, in the order of the network's outputs.
  var classes: [String] { get }
  /// What the network must be.
  var signature: ModelSignature { get }
  /// What goes in.
  func inputs(of image: RGBImage) -> [String: Tensor]
  /// What was found, the best first.
  /// - Parameters:
  ///   - outputs: of ``signature``.
  ///   - width: of the picture, pixels.
  ///   - height: of the picture, pixels.
  func boxes(in outputs: [String: Tensor], width: Int, height: Int) -> [DetectedBox]
}

public import Inference

/// Finds what a sentence names in pictures: Grounding DINO, from pixels and text to boxes.
///
/// Two networks: `gd_text` turns the sentence into features, once for each prompt, and `gd_detect` finds it in a picture
/// of the size that it was exported for. Further networks of other sizes may stand beside the latter, so that a slow
/// machine looks at less.
///
/// A value that one task owns. Its own work beside the networks is some milliseconds a picture, so run it under the
/// preference of a thread of its own.
///
/// Source: Liu et al. 2023, "Grounding DINO: Marrying DINO with Grounded Pre-Training for Open-Set Object Detection".
public struct GroundingDetector: Sendable {
  /// Prompts whose features are kept, the last ones that were used.
  public static let rememberedPrompts = 8

  /// The size of a picture that a network looks at, pixels.
  public struct Size: Hashable, Sendable {
    public var width: Int
    public var height: Int

    public init(width: Int, height: Int) {
      self.width = width
      self.height = height
    }

    public var area: Int { width * height }
  }

  /// A network that finds, and what brings pictures to its size.
  fileprivate struct Finder: Sendable {
    var model: any InferenceModel
    var normaliser: ImageNormaliser
  }

  /// Features of a prompt.
  private struct Remembered: Sendable {
    var tokens: [Int]
    var features: Tensor
  }

  public let tokenizer: WordPieceTokenizer
  public var decoder: GroundingDecoder
  private let text: any InferenceModel
  /// The largest first.
  private let finders: [Finder]
  /// The last used first.
  private var remembered: [Remembered] = []

  /// Loads the networks `<family>/gd_text` and `<family>/gd_detect` of a backend, and those of the other sizes that are
  /// there.
  /// - Parameters:
  ///   - variants: what is appended to `gd_detect` for networks of other sizes, such as `_640`. Those that cannot be
  ///     loaded are left out.
  /// - Throws: ``InferenceError``, with the tensor that does not fit the others.
  public init(
    _ family: String, from backend: any InferenceBackend, tokenizer: WordPieceTokenizer, variants: [String] = [],
    decoder: GroundingDecoder = GroundingDecoder()
  ) async throws(InferenceError) {
    self.tokenizer = tokenizer
    self.decoder = decoder
    text = try await backend.load("\(family)/gd_text", as: Self.textSignature)
    let channels = text.signature.outputs.first { $0.name == "text_features" }?.shape[2]
    let signature = Self.detectSignature(channels: channels)
    var finders = [try Finder(await backend.load("\(family)/gd_detect", as: signature))]
    for variant in variants {
      do {
        finders.append(try Finder(await backend.load("\(family)/gd_detect\(variant)", as: signature)))
      } catch InferenceError.cannotLoad {
        continue
      } catch {
        throw error
      }
    }
    self.finders = finders.enumerated()
      .sorted { ($0.element.size.area, $1.offset) > ($1.element.size.area, $0.offset) }.map(\.element)
  }

  /// The sizes that pictures can be looked at in, the largest first; at least one.
  public var sizes: [Size] { finders.map(\.size) }

  /// Reads a prompt as the networks take it.
  /// - Throws: ``GroundingPrompt/Problem``
  public func prompt(_ text: String) throws(GroundingPrompt.Problem) -> GroundingPrompt {
    try GroundingPrompt(text, tokenizer: tokenizer)
  }

  /// Finds what the prompt names.
  /// - Parameters:
  ///   - image: of any size; it is stretched to the network's.
  ///   - size: index into ``sizes``.
  /// - Returns: what was found, in pixels of the picture, the best first.
  /// - Throws: ``InferenceError``
  /// - Precondition: `size` is one of ``sizes``.
  public mutating func detect(
    in image: RGBImage, naming prompt: GroundingPrompt, size: Int = 0
  ) async throws(InferenceError) -> [DetectedBox] {
    try await detect(
      in: finders[size].normaliser.tensor(of: image), width: image.width, height: image.height, naming: prompt,
      size: size)
  }

  /// Finds what the prompt names in a picture that was prepared.
  /// - Parameters:
  ///   - pixels: `[1, 3, height, width]` of the size, with the mean and deviation of ImageNet.
  ///   - width: of the picture before it was prepared, pixels.
  ///   - height: of the picture before it was prepared, pixels.
  public mutating func detect(
    in pixels: Tensor, width: Int, height: Int, naming prompt: GroundingPrompt, size: Int = 0
  ) async throws(InferenceError) -> [DetectedBox] {
    let model = finders[size].model
    let outputs = try await model.run([
      "pixel_values": pixels, "text_features": try await features(of: prompt),
      "position_ids": prompt.positionTensor, "text_self_attention_mask": prompt.attentionTensor,
    ])
    let logits = try Self.output("logits", of: model, in: outputs)
    let boxes = try Self.output("pred_boxes", of: model, in: outputs)
    guard logits.shape == [1, boxes.shape[1], prompt.tokens.count] else {
      throw .wrongTensor(
        model: model.name, tensor: "logits", expected: "[1, \(boxes.shape[1]), \(prompt.tokens.count)]",
        found: "\(logits.shape)")
    }
    return decoder.detections(
      logits: logits, boxes: boxes, prompt: prompt, tokenizer: tokenizer, width: width, height: height)
  }

  /// What the networks know of a prompt, from the last prompts where it was one of them.
  private mutating func features(of prompt: GroundingPrompt) async throws(InferenceError) -> Tensor {
    if let place = remembered.firstIndex(where: { $0.tokens == prompt.tokens }) {
      let found = remembered.remove(at: place)
      remembered.insert(found, at: 0)
      return found.features
    }
    let outputs = try await text.run([
      "input_ids": Tensor(prompt.tokens.map(Int64.init), shape: [1, prompt.tokens.count]),
      "position_ids": prompt.positionTensor, "text_self_attention_mask": prompt.attentionTensor,
    ])
    let features = try Self.output("text_features", of: text, in: outputs)
    remembered.insert(Remembered(tokens: prompt.tokens, features: features), at: 0)
    if remembered.count > Self.rememberedPrompts { remembered.removeLast() }
    return features
  }

  private static func output(
    _ name: String, of model: any InferenceModel, in outputs: [String: Tensor]
  ) throws(InferenceError) -> Tensor {
    guard let tensor = outputs[name] else { throw .runFailed(model: model.name, reason: "it says nothing of \(name)") }
    return tensor
  }
}

extension GroundingDetector.Finder {
  fileprivate init(_ model: any InferenceModel) throws(InferenceError) {
    let shape = model.signature.inputs.first { $0.name == "pixel_values" }?.shape
    guard let shape, shape.count == 4, let height = shape[2], let width = shape[3], width > 0, height > 0 else {
      throw .wrongTensor(
        model: model.name, tensor: "pixel_values", expected: "a fixed height and width",
        found: "sizes that are left open")
    }
    self.init(model: model, normaliser: ImageNormaliser(width: width, height: height))
  }

  fileprivate var size: GroundingDetector.Size { .init(width: normaliser.width, height: normaliser.height) }
}

extension GroundingDetector {
  /// Sizes that are left open are tokens.
  private static let textSignature = ModelSignature(
    inputs: [
      TensorSpecification("input_ids", .int64, [1, nil]), TensorSpecification("position_ids", .int64, [1, nil]),
      TensorSpecification("text_self_attention_mask", .float32, [1, nil, nil]),
    ], outputs: [TensorSpecification("text_features", .float32, [1, nil, nil])])

  private static func detectSignature(channels: Int?) -> ModelSignature {
    ModelSignature(
      inputs: [
        TensorSpecification("pixel_values", .float32, [1, 3, nil, nil]),
        TensorSpecification("text_features", .float32, [1, nil, channels]),
        TensorSpecification("position_ids", .int64, [1, nil]),
        TensorSpecification("text_self_attention_mask", .float32, [1, nil, nil]),
      ],
      outputs: [
        TensorSpecification("logits", .float32, [1, nil, nil]),
        TensorSpecification("pred_boxes", .float32, [1, nil, 4]),
      ])
  }
}

extension GroundingPrompt {
  fileprivate var positionTensor: Tensor { Tensor(positions.map(Int64.init), shape: [1, tokens.count]) }

  fileprivate var attentionTensor: Tensor { Tensor(attention, shape: [1, tokens.count, tokens.count]) }
}

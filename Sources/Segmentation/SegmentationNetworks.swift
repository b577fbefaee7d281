public import Inference

/// The networks of one promptable video segmenter — SAM 2 of any size, or EdgeTAM — and the sizes that they share.
///
/// Four are needed: `encode_image`, `attend_memory`, `decode_mask` and `encode_memory`; `prompt_mask` only for prompts that
/// are masks. What they take and say is in ``Signatures``.
///
/// Source: Ravi et al. 2024, "SAM 2: Segment Anything in Images and Videos"; Zhou et al. 2025, "EdgeTAM: On-Device Track
/// Anything Model".
public struct SegmentationNetworks: Sendable {
  let encodeImage: any InferenceModel
  let attendMemory: any InferenceModel
  let decodeMask: any InferenceModel
  let encodeMemory: any InferenceModel
  let promptMask: (any InferenceModel)?
  /// Sizes of the tensors.
  public let sizes: SegmentationSizes

  /// Loads the networks `<family>/encode_image`, … of a backend; without `prompt_mask` where that cannot be loaded.
  /// - Throws: ``InferenceError``, with the tensor that does not fit the others.
  public init(_ family: String, from backend: any InferenceBackend) async throws(InferenceError) {
    encodeImage = try await backend.load("\(family)/encode_image", as: Signatures.encodeImage)
    attendMemory = try await backend.load("\(family)/attend_memory", as: Signatures.attendMemory)
    sizes = try SegmentationSizes(image: encodeImage, memory: attendMemory)
    let signatures = Signatures(sizes)
    try attendMemory.signature.check(model: attendMemory.name, is: signatures.attendMemory)
    try encodeImage.signature.check(model: encodeImage.name, is: signatures.encodeImage)
    decodeMask = try await backend.load("\(family)/decode_mask", as: signatures.decodeMask)
    encodeMemory = try await backend.load("\(family)/encode_memory", as: signatures.encodeMemory)
    promptMask = try await Self.optional("\(family)/prompt_mask", as: signatures.promptMask, from: backend)
  }

  private static func optional(
    _ name: String, as signature: ModelSignature, from backend: any InferenceBackend
  ) async throws(InferenceError) -> (any InferenceModel)? {
    do {
      return try await backend.load(name, as: signature)
    } catch InferenceError.cannotLoad {
      return nil
    } catch {
      throw error
    }
  }
}

/// The sizes that the networks of a video segmenter share.
public struct SegmentationSizes: Hashable, Sendable {
  /// Side of the square picture that goes in, pixels: 1024.
  public let image: Int
  /// Side of the features of which masks are made: `image / 16`, 64.
  public let grid: Int
  /// Channels of the features: 256.
  public let channels: Int
  /// Tokens that stand for one frame in the memory: `grid²` for SAM 2, 512 for EdgeTAM.
  public let memoryTokens: Int
  /// Channels of a token: 64.
  public let memoryChannels: Int

  /// Side of the masks: `image / 4`.
  public var mask: Int { image / 4 }
  /// Whether the memory has a token for each place of the picture (SAM 2), rather than a summary (EdgeTAM).
  var memoryIsDense: Bool { memoryTokens == grid * grid }

  init(image: any InferenceModel, memory: any InferenceModel) throws(InferenceError) {
    self.image = try Self.size(3, of: "pixel_values", in: image.signature.inputs, image.name)
    grid = try Self.size(3, of: "feat", in: memory.signature.inputs, memory.name)
    channels = try Self.size(1, of: "feat", in: memory.signature.inputs, memory.name)
    memoryTokens = try Self.size(2, of: "mem", in: memory.signature.inputs, memory.name)
    memoryChannels = try Self.size(3, of: "mem", in: memory.signature.inputs, memory.name)
  }

  private static func size(
    _ axis: Int, of tensor: String, in specifications: [TensorSpecification], _ model: String
  ) throws(InferenceError) -> Int {
    guard let found = specifications.first(where: { $0.name == tensor }), let size = found.shape[axis] else {
      throw .wrongTensor(
        model: model, tensor: tensor, expected: "a fixed size of axis \(axis)", found: "a size that is left open")
    }
    return size
  }
}

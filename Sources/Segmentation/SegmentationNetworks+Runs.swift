import Inference

/// A picture as the networks see it.
struct EncodedImage: Sendable {
  /// `[1, channels / 8, image / 4, image / 4]`
  var fine: Tensor
  /// `[1, channels / 4, image / 8, image / 8]`
  var middle: Tensor
  /// `[1, channels, grid, grid]`
  var top: Tensor
  /// The same, for an object that nothing is remembered of.
  var initial: Tensor
}

/// What the decoder says of one object.
struct DecodedMask: Sendable {
  var logits: [Float]
  var overlap: Float
  var score: Float
  var pointer: [Float]
  /// Where the network that made the mask made its memory too.
  var memory: [Float]?
}

extension SegmentationNetworks {
  func encode(_ pixels: Tensor) async throws(InferenceError) -> EncodedImage {
    let outputs = try await encodeImage.run(["pixel_values": pixels])
    return EncodedImage(
      fine: try outputs.output("feat_s0", of: encodeImage), middle: try outputs.output("feat_s1", of: encodeImage),
      top: try outputs.output("feat_top", of: encodeImage), initial: try outputs.output("feat_init", of: encodeImage))
  }

  /// The features of a picture as each object's memory lets them be seen.
  /// - Parameter objects: what each attends to, of the same number of memories and of pointers.
  /// - Returns: `[objects, channels, grid, grid]`
  func attend(_ image: EncodedImage, to objects: [ObjectMemory]) async throws(InferenceError) -> Tensor {
    let memories = objects.map(\.memories)
    let pointers = objects.map(\.pointers)
    let (memoryCount, pointerCount) = (memories[0].count, pointers[0].count)
    let frameShape = [sizes.memoryTokens, sizes.memoryChannels]
    let outputs = try await attendMemory.run([
      "feat": image.top,
      "mem": Tensor(
        Tensor(stacking: memories.flatMap { $0.map(\.memory) }, of: frameShape).floats,
        shape: [objects.count, memoryCount] + frameShape),
      "mem_t": Tensor(memories.flatMap { $0.map(\.time) }, shape: [objects.count, memoryCount]),
      "ptr": Tensor(
        pointers.flatMap { $0.flatMap(\.pointer) }, shape: [objects.count, pointerCount, sizes.channels]),
      "ptr_dt": Tensor(pointers.flatMap { $0.map(\.age) }, shape: [objects.count, pointerCount]),
    ])
    return try outputs.output("feat_cond", of: attendMemory)
  }

  /// Masks of objects.
  /// - Parameters:
  ///   - features: `[objects, channels, grid, grid]`
  ///   - prompts: one for each object, of the same number of points.
  func decode(
    _ image: EncodedImage, _ features: Tensor, _ prompts: [DecoderPoints]
  ) async throws(InferenceError) -> [DecodedMask] {
    let (objects, points) = (prompts.count, prompts[0].labels.count)
    let outputs = try await decodeMask.run([
      "feat_s0": image.fine, "feat_s1": image.middle, "feat": features,
      "points": Tensor(prompts.flatMap(\.coordinates), shape: [objects, points, 2]),
      "labels": Tensor(prompts.flatMap(\.labels), shape: [objects, points]),
      "multimask": Tensor(flag: prompts[0].isAmbiguous),
    ])
    let masks = try outputs.output("low_res_mask", of: decodeMask)
    let overlaps = try outputs.output("iou", of: decodeMask).floats
    let scores = try outputs.output("object_score", of: decodeMask).floats
    let pointers = try outputs.output("object_pointer", of: decodeMask)
    return (0..<objects).map {
      DecodedMask(logits: masks.row($0), overlap: overlaps[$0], score: scores[$0], pointer: pointers.row($0))
    }
  }

  /// Takes masks for objects as they are.
  /// - Parameter masks: for each object 0 or 1, `[image, image]`.
  func take(_ image: EncodedImage, masks: [[Float]]) async throws(InferenceError) -> [DecodedMask] {
    guard let promptMask else {
      throw .unavailable(reason: "the models have no network prompt_mask, which prompts by a mask need")
    }
    let outputs = try await promptMask.run([
      "feat": image.top, "mask": Tensor(stacking: masks, of: [1, sizes.image, sizes.image]),
    ])
    let logits = try outputs.output("low_res_mask", of: promptMask)
    let scores = try outputs.output("object_score", of: promptMask).floats
    let pointers = try outputs.output("object_pointer", of: promptMask)
    let memories = try outputs.output("mem", of: promptMask)
    return masks.indices.map {
      DecodedMask(
        logits: logits.row($0), overlap: 1, score: scores[$0], pointer: pointers.row($0), memory: memories.row($0))
    }
  }

  /// What is remembered of masks.
  /// - Parameter binarises: whether a mask counts as certain, as that of a prompt does.
  /// - Returns: for each object `[memoryTokens, memoryChannels]`
  func remember(
    _ image: EncodedImage, _ masks: [DecodedMask], binarises: Bool
  ) async throws(InferenceError) -> [[Float]] {
    let outputs = try await encodeMemory.run([
      "feat": image.top, "low_res_mask": Tensor(stacking: masks.map(\.logits), of: [1, sizes.mask, sizes.mask]),
      "object_score": Tensor(masks.map(\.score), shape: [masks.count, 1]),
      "binarise": Tensor(flag: binarises),
    ])
    let memories = try outputs.output("mem", of: encodeMemory)
    return masks.indices.map { memories.row($0) }
  }
}

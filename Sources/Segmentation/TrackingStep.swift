import Inference
import MediaModel

/// The work of one frame: objects that go through the networks alike are put together.
struct TrackingStep: Sendable {
  /// How an object is shown.
  enum Prompt: Sendable {
    case points(DecoderPoints)
    /// 0 or 1, `[image, image]`.
    case mask([Float])
  }

  struct Object: Sendable {
    var id: Int
    var memory: ObjectMemory
    var prompt: Prompt?
  }

  struct Result {
    var object: Object
    var mask: DecodedMask
    var memory: [Float]
  }

  /// Objects that go through a network together have the same way.
  private enum Way: Hashable {
    case points(count: Int)
    case mask
    case tracked(memories: Int, pointers: Int)
  }

  let networks: SegmentationNetworks
  let batch: Int
  private(set) var objects: [Object] = []

  init(networks: SegmentationNetworks, batch: Int) {
    self.networks = networks
    self.batch = batch
  }

  var isEmpty: Bool { objects.isEmpty }

  mutating func add(_ id: Int, _ memory: ObjectMemory) { objects.append(Object(id: id, memory: memory)) }

  /// - Returns: the place of the object among ``objects``.
  @discardableResult
  mutating func show(_ id: Int, _ prompt: SegmentationPrompt, _ resolution: Resolution) -> Int {
    let size = Float(networks.sizes.image)
    let scale = SIMD2(size / Float(resolution.width), size / Float(resolution.height))
    let shown: Prompt =
      switch prompt {
      case .box(let box): .points(DecoderPoints([], box: box, scale: scale))
      case .points(let points, let box): .points(DecoderPoints(points, box: box, scale: scale))
      case .mask(let mask): .mask(PromptMaskResampler(size: networks.sizes.image).resized(mask))
      }
    if let place = objects.firstIndex(where: { $0.id == id }) {
      objects[place].prompt = shown
      return place
    }
    objects.append(Object(id: id, memory: ObjectMemory(), prompt: shown))
    return objects.count - 1
  }

  /// Masks of the objects at `places`, in their order.
  func masks(_ image: EncodedImage, of places: [Int]) async throws(InferenceError) -> [DecodedMask] {
    var masks = [DecodedMask?](repeating: nil, count: objects.count)
    for group in groups(of: places, by: way(of:)) {
      let found = try await decode(image, group)
      for (place, mask) in zip(group, found) { masks[place] = mask }
    }
    return places.compactMap { masks[$0] }
  }

  /// What is remembered of the frame, given a mask for each object.
  func results(_ image: EncodedImage, _ masks: [DecodedMask]) async throws(InferenceError) -> [Result] {
    let memories = try await remember(image, masks)
    return objects.indices.map { Result(object: objects[$0], mask: masks[$0], memory: memories[$0]) }
  }

  private func way(of object: Object) -> Way {
    switch object.prompt {
    case .points(let points): .points(count: points.labels.count)
    case .mask: .mask
    case nil:
      .tracked(memories: object.memory.memories.count, pointers: object.memory.pointers.count)
    }
  }

  /// The places of objects with the same key, in the given order, at most `batch` together.
  private func groups<Key: Hashable>(of places: [Int], by key: (Object) -> Key) -> [[Int]] {
    var groups: [(key: Key, places: [Int])] = []
    for place in places {
      let own = key(objects[place])
      if let index = groups.lastIndex(where: { $0.key == own }), groups[index].places.count < batch {
        groups[index].places.append(place)
      } else {
        groups.append((own, [place]))
      }
    }
    return groups.map(\.places)
  }

  private func decode(_ image: EncodedImage, _ group: [Int]) async throws(InferenceError) -> [DecodedMask] {
    switch objects[group[0]].prompt {
    case .points:
      let prompts = group.compactMap { place -> DecoderPoints? in
        if case .points(let points) = objects[place].prompt { points } else { nil }
      }
      return try await networks.decode(image, image.initial.repeated(prompts.count), prompts)
    case .mask:
      let masks = group.compactMap { place -> [Float]? in
        if case .mask(let mask) = objects[place].prompt { mask } else { nil }
      }
      return try await networks.take(image, masks: masks)
    case nil:
      let features = try await networks.attend(image, to: group.map { objects[$0].memory })
      return try await networks.decode(image, features, Array(repeating: .none, count: group.count))
    }
  }

  /// The memory of every object.
  private func remember(_ image: EncodedImage, _ masks: [DecodedMask]) async throws(InferenceError) -> [[Float]] {
    let isDense = networks.sizes.memoryIsDense
    // In a frame with a prompt, the reference takes the masks of all of SAM 2's objects for certain, but of EdgeTAM's only
    // those that the prompts show.
    let isAnyPrompted = objects.contains { $0.prompt != nil }
    var memories = masks.map { $0.memory ?? [] }
    for group in groups(of: Array(objects.indices), by: { isDense ? isAnyPrompted : $0.prompt != nil }) {
      let waiting = group.filter { masks[$0].memory == nil }
      guard !waiting.isEmpty else { continue }
      let binarises = isDense ? isAnyPrompted : objects[group[0]].prompt != nil
      let made = try await networks.remember(image, waiting.map { masks[$0] }, binarises: binarises)
      for (place, memory) in zip(waiting, made) { memories[place] = memory }
    }
    // The reference keeps SAM 2's memories as 16-bit numbers, and the model was trained with that.
    if isDense { for place in memories.indices { memories[place].roundToBrainFloat() } }
    return memories
  }
}

import Inference
import MediaModel

/// The work of one frame: objects that go through the networks alike are put together.
struct TrackingStep {
  /// How an object is shown.
  enum Prompt {
    case points(DecoderPoints)
    /// 0 or 1, `[image, image]`.
    case mask([Float])
  }

  struct Object {
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
  let frame: Int
  private var objects: [Object] = []

  init(networks: SegmentationNetworks, batch: Int, frame: Int) {
    self.networks = networks
    self.batch = batch
    self.frame = frame
  }

  var isEmpty: Bool { objects.isEmpty }

  mutating func add(_ id: Int, _ memory: ObjectMemory) { objects.append(Object(id: id, memory: memory)) }

  mutating func show(_ id: Int, _ prompt: SegmentationPrompt, _ resolution: Resolution) {
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
    } else {
      objects.append(Object(id: id, memory: ObjectMemory(), prompt: shown))
    }
  }

  func run(_ pixels: Tensor) async throws(InferenceError) -> [Result] {
    let image = try await networks.encode(pixels)
    var masks = [DecodedMask?](repeating: nil, count: objects.count)
    for group in groups(by: way(of:)) {
      let found = try await decode(image, group)
      for (place, mask) in zip(group, found) { masks[place] = mask }
    }
    let decoded = masks.compactMap(\.self)
    let memories = try await remember(image, decoded)
    return objects.indices.map { Result(object: objects[$0], mask: decoded[$0], memory: memories[$0]) }
  }

  private func way(of object: Object) -> Way {
    switch object.prompt {
    case .points(let points): .points(count: points.labels.count)
    case .mask: .mask
    case nil:
      .tracked(memories: object.memory.memories(at: frame).count, pointers: object.memory.pointers(at: frame).count)
    }
  }

  /// The places of objects with the same key, in the order of the objects, at most `batch` together.
  private func groups<Key: Hashable>(by key: (Object) -> Key) -> [[Int]] {
    var groups: [(key: Key, places: [Int])] = []
    for (place, object) in objects.enumerated() {
      let own = key(object)
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
      let features = try await networks.attend(image, to: group.map { objects[$0].memory }, at: frame)
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
    for group in groups(by: { isDense ? isAnyPrompted : $0.prompt != nil }) {
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

import Inference

/// What goes into the networks and comes out, by the sizes that they share. Sizes that are left open are, in this order, objects
/// and then memories, pointers or points.
struct Signatures {
  let sizes: SegmentationSizes

  init(_ sizes: SegmentationSizes) { self.sizes = sizes }

  /// Before the sizes are known.
  static let encodeImage = encodeImage(image: nil, fine: nil, middle: nil, grid: nil, channels: nil)
  /// Before the sizes are known.
  static let attendMemory = attendMemory(grid: nil, channels: nil, tokens: nil, memoryChannels: nil)

  private static func encodeImage(
    image: Int?, fine: Int?, middle: Int?, grid: Int?, channels: Int?
  ) -> ModelSignature {
    ModelSignature(
      inputs: [TensorSpecification("pixel_values", .float32, [1, 3, image, image])],
      outputs: [
        TensorSpecification("feat_s0", .float32, [1, channels.map { $0 / 8 }, fine, fine]),
        TensorSpecification("feat_s1", .float32, [1, channels.map { $0 / 4 }, middle, middle]),
        TensorSpecification("feat_top", .float32, [1, channels, grid, grid]),
        TensorSpecification("feat_init", .float32, [1, channels, grid, grid]),
      ])
  }

  private static func attendMemory(grid: Int?, channels: Int?, tokens: Int?, memoryChannels: Int?) -> ModelSignature {
    ModelSignature(
      inputs: [
        TensorSpecification("feat", .float32, [1, channels, grid, grid]),
        TensorSpecification("mem", .float32, [nil, nil, tokens, memoryChannels]),
        TensorSpecification("mem_t", .int64, [nil, nil]),
        TensorSpecification("ptr", .float32, [nil, nil, channels]),
        TensorSpecification("ptr_dt", .float32, [nil, nil]),
      ],
      outputs: [TensorSpecification("feat_cond", .float32, [nil, channels, grid, grid])])
  }

  var encodeImage: ModelSignature {
    Self.encodeImage(
      image: sizes.image, fine: sizes.mask, middle: sizes.image / 8, grid: sizes.grid, channels: sizes.channels)
  }

  var attendMemory: ModelSignature {
    Self.attendMemory(
      grid: sizes.grid, channels: sizes.channels, tokens: sizes.memoryTokens, memoryChannels: sizes.memoryChannels)
  }

  private var fineFeatures: TensorSpecification {
    TensorSpecification("feat_s0", .float32, [1, sizes.channels / 8, sizes.mask, sizes.mask])
  }

  private var middleFeatures: TensorSpecification {
    TensorSpecification("feat_s1", .float32, [1, sizes.channels / 4, sizes.image / 8, sizes.image / 8])
  }

  private func features(_ name: String, objects: Int?) -> TensorSpecification {
    TensorSpecification(name, .float32, [objects, sizes.channels, sizes.grid, sizes.grid])
  }

  private var mask: TensorSpecification {
    TensorSpecification("low_res_mask", .float32, [nil, 1, sizes.mask, sizes.mask])
  }

  private let score = TensorSpecification("object_score", .float32, [nil, 1])

  private var pointer: TensorSpecification { TensorSpecification("object_pointer", .float32, [nil, sizes.channels]) }

  private var memory: TensorSpecification {
    TensorSpecification("mem", .float32, [nil, sizes.memoryTokens, sizes.memoryChannels])
  }

  var decodeMask: ModelSignature {
    ModelSignature(
      inputs: [
        fineFeatures, middleFeatures, features("feat", objects: nil),
        TensorSpecification("points", .float32, [nil, nil, 2]), TensorSpecification("labels", .int64, [nil, nil]),
        TensorSpecification("multimask", .float32, [1]),
      ],
      outputs: [mask, TensorSpecification("iou", .float32, [nil, 1]), score, pointer])
  }

  var encodeMemory: ModelSignature {
    ModelSignature(
      inputs: [features("feat", objects: 1), mask, score, TensorSpecification("binarise", .float32, [1])],
      outputs: [memory])
  }

  var promptMask: ModelSignature {
    ModelSignature(
      inputs: [
        features("feat", objects: 1),
        TensorSpecification("mask", .float32, [nil, 1, sizes.image, sizes.image]),
      ],
      outputs: [mask, score, pointer, memory])
  }
}

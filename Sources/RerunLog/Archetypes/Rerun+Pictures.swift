import ArrowIPC
public import MediaModel
public import NIOCore

/// What Rerun shows, as far as it is used here. Names are Rerun's.
public enum Rerun {}

extension Rerun {
  /// The codec of a ``VideoStream``, once for all samples.
  public struct VideoCodec: RerunArchetype {
    /// H.264 in Annex B.
    public static let h264 = VideoCodec(fourCC: 0x6176_6331)

    private let fourCC: UInt32

    private static let codec = RerunComponent("VideoStream:codec", "VideoCodec", .uint32)

    public var columns: [RerunColumn] { [RerunColumn(Self.codec, .integers([fourCC]))] }
  }

  /// One access unit: Annex B, parameter sets in front of each key frame, in the order in which pictures are shown.
  public struct VideoStream: RerunArchetype {
    public var sample: ByteBuffer

    public init(sample: ByteBuffer) { self.sample = sample }

    private static let component = RerunComponent("VideoStream:sample", "VideoSample", .blob)

    public var columns: [RerunColumn] {
      let bytes = ArrowArray.bytes(sample)
      return [RerunColumn(Self.component, .lists(of: bytes, lengths: [bytes.count]), lengths: [1])]
    }
  }

  /// A class for each pixel, 0 for none.
  public struct SegmentationImage: RerunArchetype {
    /// One byte a pixel, row by row.
    public var classes: ByteBuffer
    public var resolution: Resolution
    /// 0…1.
    public var opacity: Float
    /// Larger ones are drawn later.
    public var drawOrder: Float

    /// - Precondition: there is a byte for each pixel.
    public init(classes: ByteBuffer, resolution: Resolution, opacity: Float = 0.5, drawOrder: Float = 10) {
      precondition(classes.readableBytes == resolution.width * resolution.height, "there is a byte for each pixel")
      self.classes = classes
      self.resolution = resolution
      self.opacity = opacity
      self.drawOrder = drawOrder
    }

    private static let buffer = RerunComponent("SegmentationImage:buffer", "ImageBuffer", .blob)
    private static let format = RerunComponent(
      "SegmentationImage:format", "ImageFormat",
      .structure([
        ArrowField("width", .uint32, isNullable: false), ArrowField("height", .uint32, isNullable: false),
        ArrowField("pixel_format", .uint8), ArrowField("color_model", .uint8), ArrowField("channel_datatype", .uint8),
      ]))
    private static let opacity = RerunComponent("SegmentationImage:opacity", "Opacity", .float32)
    private static let drawOrder = RerunComponent("SegmentationImage:draw_order", "DrawOrder", .float32)

    public var columns: [RerunColumn] {
      let bytes = ArrowArray.bytes(classes)
      let format = ArrowArray.structures([
        .integers([UInt32(clamping: resolution.width)]), .integers([UInt32(clamping: resolution.height)]),
        .missing(width: 1, count: 1), .missing(width: 1, count: 1),
        // 8 bits, unsigned.
        .integers([UInt8(6)]),
      ])
      return [
        RerunColumn(Self.buffer, .lists(of: bytes, lengths: [bytes.count]), lengths: [1]),
        RerunColumn(Self.format, format), RerunColumn(Self.opacity, .floats([opacity])),
        RerunColumn(Self.drawOrder, .floats([drawOrder])),
      ]
    }
  }

  /// Boxes in a picture, pixels.
  public struct Boxes2D: RerunArchetype {
    public var centers: [SIMD2<Float>]
    public var halfSizes: [SIMD2<Float>]
    public var labels: [String]?
    public var colors: [RerunColor]?
    public var classIDs: [UInt16]?

    public init(
      centers: [SIMD2<Float>], halfSizes: [SIMD2<Float>], labels: [String]? = nil, colors: [RerunColor]? = nil,
      classIDs: [UInt16]? = nil
    ) {
      self.centers = centers
      self.halfSizes = halfSizes
      self.labels = labels
      self.colors = colors
      self.classIDs = classIDs
    }

    private static let centers = RerunComponent("Boxes2D:centers", "Position2D", .position2D)
    private static let halfSizes = RerunComponent("Boxes2D:half_sizes", "HalfSize2D", .position2D)
    private static let labels = RerunComponent("Boxes2D:labels", "Text", .utf8)
    private static let colors = RerunComponent("Boxes2D:colors", "Color", .uint32)
    private static let classIDs = RerunComponent("Boxes2D:class_ids", "ClassId", .uint16)

    public var columns: [RerunColumn] {
      [RerunColumn(Self.centers, .points(centers)), RerunColumn(Self.halfSizes, .points(halfSizes))]
        + RerunColumn.optional(Self.labels, labels) + RerunColumn.optional(Self.colors, colors)
        + RerunColumn.optional(Self.classIDs, classes: classIDs)
    }
  }

  /// Nothing is shown of the entity, and of what stands below it, any more.
  public struct Clear: RerunArchetype {
    public init() {}

    private static let isRecursive = RerunComponent("Clear:is_recursive", "ClearIsRecursive", .bool)

    public var columns: [RerunColumn] { [RerunColumn(Self.isRecursive, .booleans([true]))] }
  }
}

public import MediaModel
public import NIOCore
public import ProtobufWire

extension Foxglove {
  /// One picture of a video. H.264: Annex B, one access unit a message, parameter sets in each key frame, and no pictures
  /// that are shown before one that comes earlier. ``VideoMessages`` makes them.
  public struct CompressedVideo: ProtobufMessage, Hashable {
    public var timestamp: WallTime
    public var frameID: String
    /// The bytes of the picture, in pieces that belong one behind the other.
    public var data: [ByteBuffer]
    public var format: String

    public init(timestamp: WallTime, frameID: String, data: [ByteBuffer], format: String = "h264") {
      self.timestamp = timestamp
      self.frameID = frameID
      self.data = data
      self.format = format
    }

    public static let messageName = "CompressedVideo"
    public static let file = Foxglove.file(
      ProtobufMessageType(
        messageName,
        [
          Foxglove.timestamp(), ProtobufFieldType(2, "frame_id", .string), ProtobufFieldType(3, "data", .bytes),
          ProtobufFieldType(4, "format", .string),
        ]))

    public func encode(to buffer: inout ByteBuffer) {
      buffer.writeProtobuf(1, Timestamp(timestamp))
      buffer.writeProtobuf(2, text: frameID)
      buffer.writeProtobuf(3, pieces: data)
      buffer.writeProtobuf(4, text: format)
    }
  }

  /// How a camera maps what is in front of it to pixels.
  public struct CameraCalibration: ProtobufMessage, Hashable {
    public var timestamp: WallTime
    public var frameID: String
    public var width: UInt32
    public var height: UInt32
    /// `plumb_bob` (k1, k2, p1, p2, k3), `rational_polynomial`, `kannala_brandt` (k1…k4), or empty.
    public var distortionModel: String
    public var distortion: [Double]
    /// `K`, nine values by row.
    public var intrinsics: [Double]
    /// `R`, nine values by row.
    public var rectification: [Double]
    /// `P`, twelve values by row.
    public var projection: [Double]

    public init(
      timestamp: WallTime, frameID: String, width: UInt32, height: UInt32, distortionModel: String,
      distortion: [Double], intrinsics: [Double], rectification: [Double], projection: [Double]
    ) {
      self.timestamp = timestamp
      self.frameID = frameID
      self.width = width
      self.height = height
      self.distortionModel = distortionModel
      self.distortion = distortion
      self.intrinsics = intrinsics
      self.rectification = rectification
      self.projection = projection
    }

    /// A camera without rectification.
    ///
    /// - Parameters:
    ///   - focalLength: pixels.
    ///   - principalPoint: pixels.
    public init(
      timestamp: WallTime, frameID: String, width: Int, height: Int, focalLength: SIMD2<Double>,
      principalPoint: SIMD2<Double>, distortionModel: String = "plumb_bob", distortion: [Double] = [0, 0, 0, 0, 0]
    ) {
      self.init(
        timestamp: timestamp, frameID: frameID, width: UInt32(clamping: width), height: UInt32(clamping: height),
        distortionModel: distortionModel, distortion: distortion,
        intrinsics: [focalLength.x, 0, principalPoint.x, 0, focalLength.y, principalPoint.y, 0, 0, 1],
        rectification: [1, 0, 0, 0, 1, 0, 0, 0, 1],
        projection: [focalLength.x, 0, principalPoint.x, 0, 0, focalLength.y, principalPoint.y, 0, 0, 0, 1, 0])
    }

    public static let messageName = "CameraCalibration"
    public static let file = Foxglove.file(
      ProtobufMessageType(
        messageName,
        [
          Foxglove.timestamp(), ProtobufFieldType(9, "frame_id", .string), ProtobufFieldType(2, "width", .fixed32),
          ProtobufFieldType(3, "height", .fixed32), ProtobufFieldType(4, "distortion_model", .string),
          ProtobufFieldType(5, "D", .double, .repeated), ProtobufFieldType(6, "K", .double, .repeated),
          ProtobufFieldType(7, "R", .double, .repeated), ProtobufFieldType(8, "P", .double, .repeated),
        ]))

    public func encode(to buffer: inout ByteBuffer) {
      buffer.writeProtobuf(1, Timestamp(timestamp))
      buffer.writeProtobuf(2, fixed32: width)
      buffer.writeProtobuf(3, fixed32: height)
      buffer.writeProtobuf(4, text: distortionModel)
      buffer.writeProtobuf(5, doubles: distortion)
      buffer.writeProtobuf(6, doubles: intrinsics)
      buffer.writeProtobuf(7, doubles: rectification)
      buffer.writeProtobuf(8, doubles: projection)
      buffer.writeProtobuf(9, text: frameID)
    }
  }
}

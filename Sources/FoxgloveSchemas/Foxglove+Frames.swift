public import MediaModel
public import NIOCore
public import ProtobufWire

extension Foxglove {
  /// Where one frame of reference is in another: `parentFromChild`.
  public struct FrameTransform: ProtobufMessage, Hashable {
    public var timestamp: WallTime
    public var parentFrameID: String
    public var childFrameID: String
    public var parentFromChild: Pose

    public init(timestamp: WallTime, parentFrameID: String, childFrameID: String, parentFromChild: Pose) {
      self.timestamp = timestamp
      self.parentFrameID = parentFrameID
      self.childFrameID = childFrameID
      self.parentFromChild = parentFromChild
    }

    public static let messageName = "FrameTransform"
    public static let file = Foxglove.file(
      ProtobufMessageType(
        messageName,
        [
          Foxglove.timestamp(), ProtobufFieldType(2, "parent_frame_id", .string),
          ProtobufFieldType(3, "child_frame_id", .string), Foxglove.vector(4, "translation"),
          ProtobufFieldType(5, "rotation", .message(Quaternion.file, "Quaternion")),
        ]))

    public func encode(to buffer: inout ByteBuffer) {
      buffer.writeProtobuf(1, Timestamp(timestamp))
      buffer.writeProtobuf(2, text: parentFrameID)
      buffer.writeProtobuf(3, text: childFrameID)
      buffer.writeProtobuf(4, Vector3(parentFromChild.position))
      buffer.writeProtobuf(5, Quaternion(parentFromChild.orientation))
    }
  }

  /// Where something is at one time, in a frame of reference.
  public struct PoseInFrame: ProtobufMessage, Hashable {
    public var timestamp: WallTime
    public var frameID: String
    public var pose: Pose

    public init(timestamp: WallTime, frameID: String, pose: Pose) {
      self.timestamp = timestamp
      self.frameID = frameID
      self.pose = pose
    }

    public static let messageName = "PoseInFrame"
    public static let file = Foxglove.file(
      ProtobufMessageType(
        messageName, [Foxglove.timestamp(), ProtobufFieldType(2, "frame_id", .string), Foxglove.pose(3)]))

    public func encode(to buffer: inout ByteBuffer) {
      buffer.writeProtobuf(1, Timestamp(timestamp))
      buffer.writeProtobuf(2, text: frameID)
      buffer.writeProtobuf(3, pose)
    }
  }

  /// A fix of a satellite receiver, WGS 84.
  public struct LocationFix: ProtobufMessage, Hashable {
    /// How much is known about the covariance.
    public enum CovarianceType: Int64, Sendable {
      case unknown = 0, approximated, diagonalKnown, known
    }

    public var timestamp: WallTime
    public var frameID: String
    public var latitudeDegrees: Double
    public var longitudeDegrees: Double
    /// Above the ellipsoid.
    public var altitudeMetres: Double
    /// East, north, up, m², nine values by row; empty with ``CovarianceType/unknown``.
    public var positionCovariance: [Double]
    public var covarianceType: CovarianceType
    /// Radians, from north clockwise.
    public var headingRadians: Double?
    /// East, north, up, m/s.
    public var velocity: SIMD3<Double>?
    public var color: Color?
    public var metadata: [KeyValuePair]

    public init(
      timestamp: WallTime, frameID: String, latitudeDegrees: Double, longitudeDegrees: Double, altitudeMetres: Double,
      positionCovariance: [Double] = [], covarianceType: CovarianceType = .unknown, headingRadians: Double? = nil,
      velocity: SIMD3<Double>? = nil, color: Color? = nil, metadata: [KeyValuePair] = []
    ) {
      self.timestamp = timestamp
      self.frameID = frameID
      self.latitudeDegrees = latitudeDegrees
      self.longitudeDegrees = longitudeDegrees
      self.altitudeMetres = altitudeMetres
      self.positionCovariance = positionCovariance
      self.covarianceType = covarianceType
      self.headingRadians = headingRadians
      self.velocity = velocity
      self.color = color
      self.metadata = metadata
    }

    public static let messageName = "LocationFix"
    public static let file = Foxglove.file(
      ProtobufMessageType(
        messageName,
        enumerations: [
          ProtobufEnumeration("PositionCovarianceType", ["UNKNOWN", "APPROXIMATED", "DIAGONAL_KNOWN", "KNOWN"])
        ],
        [
          Foxglove.timestamp(6), ProtobufFieldType(7, "frame_id", .string), ProtobufFieldType(1, "latitude", .double),
          ProtobufFieldType(2, "longitude", .double), ProtobufFieldType(3, "altitude", .double),
          ProtobufFieldType(4, "position_covariance", .double, .repeated),
          ProtobufFieldType(
            5, "position_covariance_type", .enumeration("foxglove.LocationFix.PositionCovarianceType")),
          ProtobufFieldType(10, "heading", .double, .explicit), Foxglove.vector(11, "velocity", .explicit),
          Foxglove.color(8, "color", .explicit), Foxglove.metadata(9),
        ]))

    public func encode(to buffer: inout ByteBuffer) {
      buffer.writeProtobuf(1, double: latitudeDegrees)
      buffer.writeProtobuf(2, double: longitudeDegrees)
      buffer.writeProtobuf(3, double: altitudeMetres)
      buffer.writeProtobuf(4, doubles: positionCovariance)
      buffer.writeProtobuf(5, integer: covarianceType.rawValue)
      buffer.writeProtobuf(6, Timestamp(timestamp))
      buffer.writeProtobuf(7, text: frameID)
      buffer.writeProtobuf(8, color)
      buffer.writeProtobuf(9, repeated: metadata)
      if let headingRadians { buffer.writeProtobuf(10, double: headingRadians, always: true) }
      buffer.writeProtobuf(11, velocity.map(Vector3.init))
    }
  }
}

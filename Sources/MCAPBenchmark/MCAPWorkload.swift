import FoxgloveSchemas
import MediaModel
import NIOCore
import ProtobufWire

/// What is written in a measurement.
public enum MCAPWorkload: String, Hashable, Sendable, Codable, CaseIterable {
  /// Motion readings of a phone, 125 bytes each: what counts is the work for each message.
  case imu
  /// Coded pictures of 5 Mb/s at 30 frames a second, 20 kB each, which do not compress.
  case video
  /// Clouds of 20,000 coloured points, 320 kB each.
  case points

  /// Different messages, written in turn.
  static let variants = 64

  /// Of so many bytes, a round writes so many messages.
  func messages(megabytes: Int) -> Int { max(Self.variants, megabytes * 1_000_000 / bytes) }

  private var bytes: Int {
    switch self {
    case .imu: 125
    case .video: 20_900
    case .points: 320_300
    }
  }

  var messageType: any ProtobufMessage.Type {
    switch self {
    case .imu: IMUMessage.self
    case .video: Foxglove.CompressedVideo.self
    case .points: Foxglove.PointCloud.self
    }
  }

  /// The messages, the same in every run.
  func payloads() -> [ByteBuffer] {
    var noise = Noise()
    return (0..<Self.variants).map { index in
      let time = WallTime(nanosSince1970: 1_700_000_000_000_000_000 + Int64(index) * 5_000_000)
      return switch self {
      case .imu:
        IMUMessage(
          timestamp: time, frameID: "imu", angularVelocity: noise.vector(0.1), linearAcceleration: noise.vector(9.81)
        ).encoded
      case .video:
        Foxglove.CompressedVideo(timestamp: time, frameID: "camera", data: [noise.bytes(20_833)]).encoded
      case .points: cloud(at: time, &noise).encoded
      }
    }
  }

  private func cloud(at time: WallTime, _ noise: inout Noise) -> Foxglove.PointCloud {
    var data = ByteBuffer()
    for _ in 0..<20_000 {
      let point = noise.vector(10)
      // Centimetres: what a map can tell apart.
      for axis in 0..<3 {
        data.writeInteger(Float((point[axis] * 100).rounded() / 100).bitPattern, endianness: .little)
      }
      data.writeMultipleIntegers(noise.byte(), noise.byte(), noise.byte(), UInt8(255))
    }
    return Foxglove.PointCloud(
      timestamp: time, frameID: "world", pointStride: 16, fields: Foxglove.PointCloud.colouredFields, data: data)
  }
}

/// Numbers without a pattern: SplitMix64 (Steele, Lea, Flood 2014).
private struct Noise {
  private var state: UInt64 = 7

  private mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next()) }

  mutating func vector(_ scale: Double) -> SIMD3<Double> {
    var vector = SIMD3<Double>.zero
    for axis in 0..<3 { vector[axis] = scale * (Double(next() >> 11) / Double(1 << 53) - 0.5) }
    return vector
  }

  mutating func bytes(_ count: Int) -> ByteBuffer {
    var buffer = ByteBuffer()
    for _ in 0..<count { buffer.writeInteger(byte()) }
    return buffer
  }
}

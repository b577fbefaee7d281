import BusMessages
import NIOCore

/// What is published in a measurement: bodies as the system sends them.
public enum BenchmarkPayload: String, CaseIterable, Sendable {
  /// A sample of a phone, about 230 bytes.
  case imu
  /// The objects of a frame with their masks, about 4 kB.
  case result
  /// A coded picture of 20 kB.
  case unit

  /// What the table calls it.
  var title: String {
    switch self {
    case .imu: "IMU sample"
    case .result: "results of a frame"
    case .unit: "access unit"
    }
  }

  var contentType: String {
    switch self {
    case .imu, .result: BusMessage.json
    case .unit: "video/h264"
    }
  }

  /// Large bodies are fewer, so that a round takes about as long.
  var share: Int {
    switch self {
    case .imu: 1
    case .result: 2
    case .unit: 5
    }
  }

  func body() throws -> ByteBuffer {
    switch self {
    case .imu:
      ByteBuffer(
        string: """
          {"type":"imu_data","timestamp":1732319474123456789,"accelerometer":{"x":0.12345678,"y":-9.80123456,\
          "z":0.45678912},"gyroscope":{"x":0.00123456,"y":-0.00234567,"z":0.01345678},"magnetometer":{"x":22.5,"y":-3.25,\
          "z":41.75}}
          """)
    case .result: try Self.result().encoded()
    case .unit: Self.unit()
    }
  }

  private static func result() -> ProcessedFrame {
    let objects = (1...9).map { number in
      let runs = (0..<70).map { String(decoding: [48 + UInt8(($0 * number * 7) % 40)], as: UTF8.self) }.joined()
      return ProcessedFrame.Object(
        id: number, label: "person", score: 0.875, box: [100.5, 200.25, 164.75, 390.5], area: 9_876,
        maskShape: [720, 1280], mask: ProcessedFrame.Mask(size: [720, 1280], counts: runs + runs + runs))
    }
    return ProcessedFrame(frameNumber: 123_456, timestamp: 1_732_319_474.123, objects: objects, stream: "drone")
  }

  /// Bytes without a pattern, as entropy coding leaves them.
  private static func unit() -> ByteBuffer {
    var buffer = ByteBuffer(bytes: [0, 0, 0, 1, 0x41])
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    while buffer.readableBytes < 20_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      buffer.writeInteger(UInt8(state >> 56) | 1)
    }
    return buffer
  }
}

import BusMessages
import MediaModel
import NIOCore
import SLAMService
import Testing

@Suite struct SLAMMessagesTests {
  private func message(
    _ text: String, stream: String = "drone", captured: String? = "1700000000000000001"
  ) -> BusMessage {
    var headers: [String: BusHeaderValue] = [BusHeader.stream: .text(stream)]
    if let captured { headers[BusHeader.capturedAt] = .text(captured) }
    return BusMessage(
      topic: .imuData, body: ByteBuffer(string: text), contentType: BusMessage.json, headers: headers)
  }

  private static let sample = """
    {"type":"imu_data","timestamp":5,"accelerometer":{"x":1,"y":2,"z":9.5},"gyroscope":{"x":0.1,"y":0.2,"z":0.3},\
    "gps":{"latitude":47.5,"longitude":8.25,"altitude":400,"accuracy":3}}
    """

  @Test func samplesHaveTheTimeOfTheServersClock() {
    let samples = SLAMMessages.samples(in: message(Self.sample), of: "drone")
    #expect(
      samples == [
        .inertial(
          IMUSample(
            timestampNanos: 1_700_000_000_000_000_001, gyroscopeRadPerSec: SIMD3(0.1, 0.2, 0.3),
            accelerometerMPerSec2: SIMD3(1, 2, 9.5))),
        .position(
          GPSSample(
            timestampNanos: 1_700_000_000_000_000_001, latitudeDegrees: 47.5, longitudeDegrees: 8.25,
            altitudeMetres: 400, accuracyMetres: 3, speedMPerSec: 0, headingDegrees: 0)),
      ])
  }

  @Test(arguments: ["", "{", "[]", "{\"type\":\"imu_data\"}", "{\"timestamp\":1,\"gyroscope\":{\"x\":1}}"])
  func whatIsNoSampleGivesNone(_ text: String) {
    #expect(SLAMMessages.samples(in: message(text), of: "drone").isEmpty)
  }

  @Test func otherStreamsAndUntimedSamplesAreNotOurs() {
    #expect(SLAMMessages.samples(in: message(Self.sample, stream: "other"), of: "drone").isEmpty)
    #expect(SLAMMessages.samples(in: message(Self.sample, captured: nil), of: "drone").isEmpty)
    #expect(SLAMMessages.samples(in: message(Self.sample, captured: "x"), of: "drone").isEmpty)
  }
}

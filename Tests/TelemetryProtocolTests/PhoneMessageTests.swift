import MediaModel
import NIOCore
import TelemetryProtocol
import TestSupport
import Testing

struct PhoneMessageTests {
  @Test func aSampleIsReadAndKeptAsItCame() throws {
    let body = sample(
      1_763_855_474_123_456_789,
      #","magnetometer":{"x":1,"y":2,"z":3},"gps":{"latitude":48.1,"longitude":11.5,"altitude":520,"accuracy":-1,"#
        + #""speed":3.5,"heading":271},"attitude":{"w":1,"x":0,"y":0,"z":0},"battery":87,"status":"ok","other":[1]"#)
    guard case .imu(let imu) = try PhoneMessage(text: body) else {
      Issue.record("not a sample")
      return
    }
    #expect(imu.body == body)
    #expect(imu.timestampNanos == 1_763_855_474_123_456_789)
    #expect(imu.accelerometer == SIMD3(0.1, -0.2, 9.81))
    #expect(imu.gyroscope == SIMD3(0.01, 0.02, -0.03))
    #expect(imu.magnetometer == SIMD3(1, 2, 3))
    #expect(imu.gps?.latitudeDegrees == 48.1)
    #expect(imu.gps?.accuracyMetres == nil)
    #expect(imu.gps?.speedMPerSec == 3.5)
    #expect(imu.attitude == SIMD4(1, 0, 0, 0))
    #expect(imu.batteryLevel == 0.87)
    #expect(imu.status == "ok")
    #expect(imu.isSample)
  }

  @Test(arguments: [
    (#"{"type":"imu_data"}"#, TelemetryReject.timestamp),
    (#"{"type":"imu_data","timestamp":-5}"#, .timestamp),
    (#"{"type":"imu_data","timestamp":1,"accelerometer":{"x":1,"y":2}}"#, .field("accelerometer")),
    (#"{"type":"imu_data","timestamp":1,"accelerometer":"x"}"#, .field("accelerometer")),
    (#"{"type":"imu_data","timestamp":1,"accelerometer":{"x":1e999,"y":0,"z":0}}"#, .range("accelerometer")),
    (#"{"type":"imu_data","timestamp":1,"gyroscope":{"x":100000,"y":0,"z":0}}"#, .range("gyroscope")),
    (#"{"type":"imu_data","timestamp":1,"gps":{"latitude":91,"longitude":0}}"#, .range("gps")),
    (#"{"type":"imu_data","timestamp":1,"gps":{"latitude":1}}"#, .field("gps")),
    (#"{"type":"imu_data","timestamp":1,"attitude":{"w":3,"x":0,"y":0,"z":0}}"#, .range("attitude")),
    (#"{"type":"imu_data","timestamp":1,"battery":-3}"#, .range("battery")),
    (#"{"type":7}"#, .noType), (#"{}"#, .noType), (#"{"type":"analysis_mode"}"#, .field("data")),
    (#"{"type":"file_upload","fileName":"a.csv"}"#, .field("fileContent")),
    (#"{"type":"file_upload_chunk","fileName":"a.csv","chunk":"x"}"#, .field("chunkIndex")),
    (#"{"type":"file_upload_chunk","fileName":"a.csv","chunk":"x","chunkIndex":-1}"#, .range("chunkIndex")),
  ])
  func whatCannotBeIsRefused(json: String, expected: TelemetryReject) {
    #expect(reject { () throws(TelemetryReject) in _ = try PhoneMessage(text: text(json)) } == expected)
    #expect(TelemetryReject.reasons.contains(expected.reason))
  }

  @Test func onlyUploadsMayBeLong() throws {
    let filler = String(repeating: "x", count: 70_000)
    let long = text(#"{"type":"note","text":"\#(filler)"}"#)
    #expect(
      reject { () throws(TelemetryReject) in _ = try PhoneMessage(text: long) }
        == .oversized(bytes: long.readableBytes, limit: 65_536))
    let file = try PhoneMessage(text: text(#"{"type":"file_upload","fileName":"a.csv","fileContent":"\#(filler)"}"#))
    #expect(file == .upload(.whole(name: "a.csv", content: filler)))
  }

  @Test func otherTypesArePassedOn() throws {
    let body = text(#"{"type":"hello","x":1}"#)
    #expect(try PhoneMessage(text: body) == .other(type: "hello", body: body))
    let mode = text(#"{"type":"analysis_mode","data":"yolo"}"#)
    #expect(try PhoneMessage(text: mode) == .analysisMode(body: mode))
  }

  @Test func aPictureIsMeasured() throws {
    var message = ByteBuffer(integer: UInt64(1_763_855_474_123_456_789))
    message.writeImmutableBuffer(jpegHead(width: 1280, height: 720, frameMarker: 0xC2))
    guard case .frame(let frame) = try PhoneMessage(binary: message) else {
      Issue.record("not a picture")
      return
    }
    #expect(frame.resolution == Resolution(width: 1280, height: 720))
    #expect(frame.timestampNanos == 1_763_855_474_123_456_789)
    #expect(frame.jpeg == jpegHead(width: 1280, height: 720, frameMarker: 0xC2))
  }

  @Test func binaryThatIsNoPictureIsRefused() {
    func refusal(_ bytes: [UInt8], after time: UInt64 = 5) -> TelemetryReject? {
      var message = ByteBuffer(integer: time)
      message.writeBytes(bytes)
      return reject { () throws(TelemetryReject) in _ = try PhoneMessage(binary: message) }
    }
    #expect(refusal([]) == .short(bytes: 8))
    #expect(refusal([1, 2, 3, 4, 5]) == .notJPEG)
    #expect(refusal([0xFF, 0xD8, 0xFF, 0xD9]) == .notJPEG)
    #expect(refusal([0xFF, 0xD8, 0xFF, 0xDA, 0, 2]) == .notJPEG)
    #expect(refusal(Array(jpegHead(height: 0).readableBytesView)) == .notJPEG)
    #expect(refusal(Array(jpegHead(frameMarker: 0xC4).readableBytesView)) == .notJPEG)
    #expect(refusal(Array(jpegHead().readableBytesView), after: .max) == .timestamp)
    #expect(
      refusal(Array(jpegHead(width: 60_000, height: 60_000).readableBytesView))
        == .tooManyPixels(limit: TelemetryLimits().jpegPixels))
    let head = Array(jpegHead().readableBytesView)
    for length in 0..<23 { #expect(refusal(Array(head.prefix(length))) != nil) }
  }

  /// Whatever arrives, the answer is a message or a reject: nothing traps, and what is kept is what came.
  @Test func damagedMessagesNeverTrap() throws {
    var picture = ByteBuffer(integer: UInt64(5))
    picture.writeImmutableBuffer(jpegHead())
    let seeds = [
      sample(5, #","gps":{"latitude":1,"longitude":2},"attitude":{"w":1,"x":0,"y":0,"z":0},"battery":{"level":5}"#),
      text(#"{"type":"file_upload_chunk","fileName":"a\u00e4.csv","chunkIndex":3,"chunk":"1,2\n\ud83d\ude00"}"#),
      text(#"{"type":"analysis_mode","data":"none"}"#), picture,
    ]
    var session = PhoneSession()
    var (published, rejected) = (0, 0)
    Mutation.forEach(of: seeds, count: 20_000) { message in
      if case .imu(let imu)? = try? PhoneMessage(text: message) {
        #expect(imu.body == message)
        #expect(imu.timestampNanos >= 0)
      }
      let effects = [session.text(message, at: receiveTime(1)), session.binary(message, at: receiveTime(1))]
      published += effects.reduce(0) { $0 + $1.publications.count }
      rejected += effects.reduce(0) { $0 + $1.rejects.count }
    }
    // Damage in a number or a picture's time leaves a message.
    #expect(published > 100)
    #expect(rejected > 20_000)
  }
}

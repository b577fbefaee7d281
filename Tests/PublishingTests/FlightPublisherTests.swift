import CodedMedia
import FFmpeg
import Foundation
import MediaModel
import Publishing
import Synchronization
import Testing

@Suite struct FlightPublisherTests {
  private func options(_ change: (inout FlightPublisher.Options) -> Void = { _ in }) -> FlightPublisher.Options {
    var options = FlightPublisher.Options()
    options.resolution = Resolution(width: 160, height: 96)
    options.duration = .seconds(0.5)
    options.speed = 1000
    change(&options)
    return options
  }

  @Test func theSameSeedGivesTheSameFlight() async throws {
    var runs: [[CodedPicture]] = []
    for seed in [7, 7, 8] as [UInt64] {
      let sink = CollectingSink()
      try await FlightPublisher(options: options { $0.seed = seed }, pace: VirtualTime().pace(), logger: silentLogger)
        .run(to: sink)
      runs.append(sink.pictures)
    }
    #expect(runs[0].count == 15)
    #expect(runs[0] == runs[1])
    #expect(runs[0] != runs[2])
    let micros = runs[0].map(\.senderMicros)
    #expect(micros.enumerated().allSatisfy { $1 - micros[0] == Int64(Double($0) * 1e6 / 30) })
    let decoder = try H264Decoder()
    for picture in runs[0] {
      let decoded = try decoder.decode(picture.bytes, presentationTime: .zero)
      #expect(decoded.map(\.picture.resolution) == [Resolution(width: 160, height: 96)])
    }
  }

  @Test func truthIsWrittenForEveryFrame() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "worldsystem-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let readings = Mutex<[SensorReading]>([])
    let changed = options {
      $0.truthFolder = folder
      $0.onReadings = { new in readings.withLock { $0 += new } }
    }
    try await FlightPublisher(options: changed, pace: VirtualTime().pace(), logger: silentLogger)
      .run(to: CollectingSink())
    func lines(_ name: String) throws -> Int {
      let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
      return text.split(separator: "\n").count { !$0.hasPrefix("#") }
    }
    #expect(try lines("times.txt") == 15)
    #expect(try lines("groundtruth.txt") == 15)
    #expect(try lines("objects.jsonl") == 15)
    // The last frame is at 14/30 s: readings at 0, 5, … 465 ms, and fixes at 0, 200 and 400 ms.
    #expect(try lines("imu.csv") == 94)
    #expect(try lines("gps.csv") == 3)
    let sent = readings.withLock { $0 }
    #expect(sent.count == 94)
    #expect(sent.count { $0.gps != nil } == 3)
    #expect(sent.count { $0.attitude != nil } == 24)
    // On the clock of the pictures, 5 ms apart.
    let times = sent.map(\.imu.timestampNanos)
    #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 == 5_000_000 })
    #expect(sent.allSatisfy { $0.message.hasPrefix("{\"type\":\"imu_data\",\"timestamp\":") })
  }

  @Test func itKeepsRealTime() async throws {
    let time = VirtualTime()
    let start = time.now
    try await FlightPublisher(options: options { $0.speed = 1 }, pace: time.pace(), logger: silentLogger)
      .run(to: CollectingSink())
    // Nothing takes time but waiting, so the last frame comes when it is due.
    #expect(time.now.since(start) == FrameRate(30).time(ofFrame: 14))
  }

  @Test func aFolderThatCannotBeMadeIsAnError() async throws {
    let publisher = try FlightPublisher(
      options: options { $0.truthFolder = "/dev/null/truth" }, pace: VirtualTime().pace(), logger: silentLogger)
    await #expect(throws: PublishingError.self) { try await publisher.run(to: CollectingSink()) }
  }
}

import BusMessages
import MediaModel
import NIOCore
import Publishing
import Synchronization
import Testing

@Suite struct FlightResultsTests {
  @Test func aFlightPublishesTheTruth() async throws {
    let published = Mutex<[BusMessage]>([])
    var options = FlightPublisher.Options()
    options.resolution = Resolution(width: 320, height: 180)
    options.speed = 10_000
    options.duration = .milliseconds(1_000)
    options.results = FlightResults(stream: "sky") { message in published.withLock { $0.append(message) } }
    try await FlightPublisher(options: options, logger: silentLogger).run(to: CollectingSink())
    let messages = published.withLock { $0 }
    func bodies<Body: JSONBody>(_ type: Body.Type, on topic: Topic = Body.topic) throws -> [Body] {
      try messages.filter { $0.topic == topic }.map { try Body($0.body) }
    }
    let frames = try bodies(ProcessedFrame.self), poses = try bodies(CameraPose.self)
    #expect(frames.map(\.frameNumber) == Array(0..<30) && poses.map(\.frameNumber) == Array(0..<30))
    #expect(try bodies(CameraPose.self, on: .trajectory) == poses)
    // The last row of a rigid transformation; the first frame is a key frame, and not all are.
    #expect(poses.allSatisfy { $0.pose?.last == [0, 0, 0, 1] && $0.stream == "sky" })
    #expect(poses[0].isKeyframe && poses.contains { !$0.isKeyframe })
    let objects = frames.flatMap(\.objects)
    #expect(!objects.isEmpty && objects.allSatisfy { $0.score == 1 && $0.maskShape == [180, 320] })
    for object in objects {
      let mask = try #require(
        object.mask.flatMap {
          RunLengthMask(resolution: options.resolution, counts: $0.counts)
        })
      #expect(mask.area == object.area)
    }
    // Each object is identified once.
    let identified = try bodies(IdentificationResult.self)
    #expect(identified.map(\.objectID).sorted() == Set(objects.map(\.id)).sorted())
    #expect(identified.allSatisfy { $0.results["source"] == "truth of the simulation" })
    #expect(messages.contains { $0.topic == .pointClouds && $0.body.readableBytes > 1_000 })
    #expect(
      messages.allSatisfy { $0.headers[BusHeader.stream] == .text("sky") && $0.headers[BusHeader.capturedAt] != nil })
  }
}

import BusMessages
import MediaModel
import MessageBus
import NIOCore
import Telemetry
import TelemetryProtocol
import Testing

@Suite(.timeLimit(.minutes(1)))
struct TelemetryHubTests {
  private static let movement = #"{"type":"movement","x":0.5,"y":-1,"extra":{"kept":true}}"#

  @Test func samplesReachTheBusWithTheirTimes() async throws {
    let rig = Rig()
    let taker = rig.bus.subscribe(SubscriptionRequest([.imuData]))
    let phone = rig.hub.connectPhone(stream: .default, peer: "p:1", wake: {})
    for index in 0..<40 {
      _ = phone.text(sample(5_000_000 * Int64(index)))
      rig.clock.advance(milliseconds: 5)
    }
    let received = await taker.nextBatch().map(\.message)
    #expect(received.count == 40)
    #expect(received.map(\.body) == (0..<40).map { sample(5_000_000 * Int64($0)) })
    let last = try #require(received.last)
    let wall = ManualClock.epoch + rig.clock.now - 5_000_000
    #expect(
      last.headers == [
        BusHeader.stream: .text("drone"), BusHeader.timestampNanos: .text("195000000"),
        BusHeader.networkTime: .text("\(wall)"), BusHeader.serverReceived: .text("\(wall - 7_000_000)"),
        BusHeader.networkTimeOffset: .text("7000000"), BusHeader.capturedAt: .text("\(wall)"),
      ])
    #expect(last.contentType == "application/json")
  }

  @Test func picturesModesAndOthersReachTheirTopics() async throws {
    let rig = Rig()
    let taker = rig.bus.subscribe(SubscriptionRequest([.videoFrames, .analysisMode, .phoneMessages]))
    let phone = rig.hub.connectPhone(stream: .default, peer: "p:1", wake: {})
    let jpeg: [UInt8] = [0xFF, 0xD8, 0xFF, 0xC0, 0, 11, 8, 0, 48, 0, 64, 1, 1, 0x11, 0, 0xFF, 0xD9]
    var picture = ByteBuffer(integer: UInt64(77))
    picture.writeBytes(jpeg)
    _ = phone.binary(picture)
    let mode = ByteBuffer(string: #"{"type":"analysis_mode","data":"none"}"#)
    _ = phone.text(mode)
    let other = ByteBuffer(string: #"{"type":"hello"}"#)
    _ = phone.text(other)
    _ = phone.text(ByteBuffer(string: "garbage"))
    let received = await taker.nextBatch().map(\.message)
    #expect(received.map(\.topic) == [.videoFrames, .analysisMode, .phoneMessages])
    #expect(received.map(\.body) == [ByteBuffer(bytes: jpeg), mode, other])
    let frame = try #require(received.first)
    #expect(frame.contentType == "image/jpeg")
    #expect(frame.headers["width"] == .integer(64))
    #expect(frame.headers["height"] == .integer(48))
    #expect(frame.headers[BusHeader.timestampNanos] == .text("77"))
    let report = try #require(rig.hub.phones().first)
    #expect(report.rejected == 1)
    #expect(report.messages["unknown"]?.total == 1)
  }

  @Test func comingAndGoingIsAnnounced() async throws {
    let rig = Rig()
    let taker = rig.bus.subscribe(SubscriptionRequest([.events]))
    let phone = rig.hub.connectPhone(stream: .default, peer: "p:1", wake: {})
    #expect(rig.hub.phones().map(\.peer) == ["p:1"])
    phone.close()
    phone.close()
    #expect(rig.hub.phones().isEmpty)
    let events = try await taker.nextBatch().map { try LifecycleEvent($0.message.body) }
    #expect(events.map(\.type) == [.phoneConnected, .phoneDisconnected])
    #expect(events.map(\.node) == ["here", "here"])
    #expect(events.map(\.stream) == ["drone", "drone"])
    #expect(Set(events.map(\.id)).count == 2)
  }

  @Test func samplesThatAreHeldAreNotLostWhenThePhoneGoes() async {
    let rig = Rig()
    let taker = rig.bus.subscribe(SubscriptionRequest([.imuData]))
    let phone = rig.hub.connectPhone(stream: .default, peer: "p:1", wake: {})
    _ = phone.text(sample(2))
    _ = phone.text(sample(1))
    phone.close()
    #expect(await taker.nextBatch().map(\.message.body) == [sample(1), sample(2)])
  }

  // MARK: Commands

  @Test func commandsReachThePhonesOfTheirStreamAsTheyCame() throws {
    let rig = Rig()
    let drone = rig.hub.connectPhone(stream: .default, peer: "p:1", wake: {})
    let second = rig.hub.connectPhone(stream: try #require(StreamName("second")), peer: "p:2", wake: {})
    let everybody = rig.hub.connectViewer(ViewerRequest(mayControl: true), wake: {})
    #expect(everybody.text(ByteBuffer(string: Self.movement)) == nil)
    #expect(drone.drain() == [Self.movement])
    #expect(second.drain() == [Self.movement])
    let one = rig.hub.connectViewer(ViewerRequest(stream: .default, mayControl: true), wake: {})
    #expect(one.text(ByteBuffer(string: Self.movement)) == nil)
    #expect(drone.drain() == [Self.movement])
    #expect(second.drain() == [])
  }

  @Test func whoMayNotControlIsTold() throws {
    let rig = Rig()
    let phone = rig.hub.connectPhone(stream: .default, peer: "p:1", wake: {})
    let viewer = rig.hub.connectViewer(ViewerRequest(), wake: {})
    let answer = try #require(viewer.text(ByteBuffer(string: Self.movement)))
    #expect(payload(answer).contains(#""type":"error","reason":"not_permitted""#))
    #expect(phone.drain() == [])
    let pilot = rig.hub.connectViewer(ViewerRequest(mayControl: true), wake: {})
    let wrong = try #require(pilot.text(ByteBuffer(string: #"{"type":"movement","x":9}"#)))
    #expect(payload(wrong).contains(#""reason":"range""#))
  }

  @Test func aFloodOfCommandsIsCut() {
    let rig = Rig()
    let pilot = rig.hub.connectViewer(ViewerRequest(mayControl: true), wake: {})
    let refused = (0..<600).count { _ in pilot.text(ByteBuffer(string: Self.movement)) != nil }
    #expect(refused == 100)
    rig.clock.advance(milliseconds: 1_000)
    #expect(pilot.text(ByteBuffer(string: Self.movement)) == nil)
  }

  /// A phone whose connection takes nothing keeps the newest command, and none that is too old.
  @Test func aStalledPhoneDelaysNobody() throws {
    let rig = Rig()
    let stalled = rig.hub.connectPhone(stream: .default, peer: "p:1", wake: {})
    let other = rig.hub.connectPhone(stream: .default, peer: "p:2", wake: {})
    let pilot = rig.hub.connectViewer(ViewerRequest(mayControl: true), wake: {})
    for index in 0..<100 {
      let command = #"{"type":"movement","x":0.\#(10 + index)}"#
      #expect(pilot.text(ByteBuffer(string: command)) == nil)
      #expect(other.drain() == [command])
      rig.clock.advance(milliseconds: 10)
    }
    #expect(stalled.drain() == [#"{"type":"movement","x":0.109}"#])
    let report = try #require(rig.hub.phones().first)
    #expect(report.commands_dropped == 99)
    #expect(report.commands_sent == 1)
    _ = pilot.text(ByteBuffer(string: Self.movement))
    rig.clock.advance(milliseconds: 600)
    #expect(stalled.drain() == [])
  }

  @Test func commandsOfOtherNodesAreDeliveredAndOwnOnesNotTwice() async throws {
    let rig = Rig()
    let wakes = Wakes()
    let phone = rig.hub.connectPhone(stream: .default, peer: "p:1", wake: wakes.wake)
    let pilot = rig.hub.connectViewer(ViewerRequest(mayControl: true), wake: {})
    let wall = ManualClock.epoch + rig.clock.now
    func remote(_ text: String, sent: Int64, stream: String? = nil) -> BusMessage {
      var headers: [String: BusHeaderValue] = [
        BusHeader.node: .text("there"), BusHeader.networkTime: .text("\(sent)"),
      ]
      if let stream { headers[BusHeader.stream] = .text(stream) }
      return BusMessage(
        topic: .controlCommands, body: ByteBuffer(string: text), contentType: BusMessage.json, headers: headers)
    }
    _ = pilot.text(ByteBuffer(string: Self.movement))
    rig.bus.publish(remote(#"{"type":"camera","action":"on"}"#, sent: wall - 3_000_000_000))  // Held up.
    rig.bus.publish(remote(#"{"type":"camera","action":"off"}"#, sent: wall, stream: "other"))
    rig.bus.publish(remote("nonsense", sent: wall))
    rig.bus.publish(remote(#"{"type":"camera","action":"toggle"}"#, sent: wall, stream: "drone"))
    try await rig.running {
      var received: [String] = []
      while received.last?.contains("toggle") != true {
        received.append(payload(try await wakes.next { phone.next() }.message))
      }
      #expect(received == [Self.movement, #"{"type":"camera","action":"toggle"}"#])
    }
  }

  // MARK: Viewers

  @Test func viewersAreShownWhatTheBusBrings() async throws {
    let rig = Rig()
    let wakes = Wakes()
    let viewer = rig.hub.connectViewer(ViewerRequest(stream: .default), wake: wakes.wake)
    let pose = CameraPose(frameNumber: 3, timestamp: 1.5, pose: [[1, 0], [0, 1]], isKeyframe: true, stream: "drone")
    let drone: [String: BusHeaderValue] = [BusHeader.stream: .text("drone")]
    rig.bus.publish(try pose.message(on: .trajectory, headers: drone))
    rig.bus.publish(try pose.message(on: .trajectory, headers: [BusHeader.stream: .text("other")]))
    rig.bus.publish(try RestartRequest().message())
    rig.bus.publish(try ProcessedFrame(frameNumber: 1, timestamp: 2, objects: []).message(headers: drone))
    rig.bus.publish(try IdentificationResult(objectID: 4, timestamp: 2, results: ["a": "b"]).message())
    rig.bus.publish(
      BusMessage(topic: .imuData, body: ByteBuffer(string: "no JSON"), contentType: BusMessage.json, headers: drone))
    rig.bus.publish(
      BusMessage(topic: .imuData, body: sample(5), contentType: BusMessage.json, headers: drone))
    try await rig.running {
      var received: [String] = []
      while received.count < 5 { received.append(payload(try await wakes.next { viewer.next() })) }
      #expect(
        received == [
          #"{"type":"trajectory_update","stream":"drone","frame_number":3,"is_keyframe":true,"pose":[[1,0],[0,1]],"#
            + #""timestamp":1.5}"#,
          #"{"type":"restart"}"#,
          #"{"type":"detections","stream":"drone","detections":{"frame_number":1,"objects":[],"timestamp":2}}"#,
          #"{"type":"identification","identification":{"object_id":4,"results":{"a":"b"},"timestamp":2}}"#,
          #"{"type":"imu_data","stream":"drone","imu_data":\#(String(buffer: sample(5)))}"#,
        ])
    }
  }

  @Test func phonesAreShownToViewers() async throws {
    let rig = Rig()
    let viewer = rig.hub.connectViewer(ViewerRequest(), wake: {})
    let phone = rig.hub.connectPhone(stream: .default, peer: "p:1", wake: {})
    _ = phone.text(sample(1, #","battery":40"#))
    _ = phone.deadlineReached()
    rig.clock.advance(milliseconds: 60)
    phone.deadlineReached()
    phone.close()
    var events: [String] = []
    while let message = viewer.next() {
      let object = try JSONObject(ByteBuffer(string: payload(message)))
      #expect(object.text("type") == "phone")
      events.append("\(object.text("event") ?? "") \(object.number("battery") ?? 0)")
    }
    #expect(events == ["connected 0.0", "status 0.4", "disconnected 0.4"])
  }
}

import BusMessages
import CoTSender
import CursorOnTarget
import MediaModel
import NIOCore
import Testing

@Suite struct CoTFeedTests {
  private static let start: Int64 = 1_700_000_000_000_000_000

  private func message(_ stream: String, _ second: Int64, gps: String? = "\"latitude\":48,\"longitude\":11")
    -> BusMessage
  {
    let position = gps.map { ",\"gps\":{\($0)}" } ?? ""
    let text = "{\"type\":\"imu_data\",\"timestamp\":\(second)\(position)}"
    return BusMessage(
      topic: .imuData, body: ByteBuffer(string: text), contentType: BusMessage.json,
      headers: [
        BusHeader.stream: .text(stream), BusHeader.capturedAt: .text("\(Self.start + second * 1_000_000_000)"),
      ])
  }

  private func host(_ second: Double) -> HostTime { HostTime(nanos: Int64(second * 1e9)) }

  private func feed(streams: Int = 64) throws -> CoTFeed {
    var options = CoTSenderOptions(address: try #require(CoTAddress("udp://239.2.3.1:6969")))
    options.streams = streams
    return CoTFeed(options: options, node: "node")
  }

  @Test func theLatestPositionIsSentOnceAnInterval() throws {
    var feed = try feed()
    feed.take(message("drone", 1), at: host(0))
    let full = "\"latitude\":48.5,\"longitude\":11,\"altitude\":500,\"accuracy\":3,\"speed\":4,\"heading\":-1"
    feed.take(message("drone", 2, gps: full), at: host(0.1))
    let events = feed.due(at: host(0.2))
    #expect(events.map(\.uid) == ["worldsystem-node-drone"] && events.map(\.latitudeDegrees) == [48.5])
    #expect(events[0].heightMetres == 500 && events[0].courseDegrees == nil && events[0].speedMPerSec == 4)
    #expect(events[0].stale.since(events[0].time) == .seconds(10))
    feed.take(message("drone", 3), at: host(0.3))
    #expect(feed.due(at: host(1)).isEmpty)
    #expect(feed.due(at: host(1.2)).count == 1)
    // Nothing new: nothing to say.
    #expect(feed.due(at: host(5)).isEmpty)
  }

  @Test func whatHasNoPositionOrIsOlderIsLeftOut() throws {
    var feed = try feed()
    feed.take(message("drone", 1, gps: nil), at: host(0))
    feed.take(message("drone", 1, gps: "\"latitude\":99,\"longitude\":0"), at: host(0))
    #expect(feed.due(at: host(0)).isEmpty)
    feed.take(message("drone", 5), at: host(0))
    feed.take(message("drone", 4, gps: "\"latitude\":1,\"longitude\":1"), at: host(0))
    #expect(feed.due(at: host(0)).map(\.latitudeDegrees) == [48])
  }

  @Test func streamsAreBounded() throws {
    var feed = try feed(streams: 2)
    for stream in ["a", "b", "c"] { feed.take(message(stream, 1), at: host(0)) }
    #expect(feed.due(at: host(0)).map(\.callsign) == ["a", "b"] && feed.leftOut == 1)
    feed.take(message("c", 70), at: host(70))
    #expect(feed.due(at: host(70)).map(\.callsign) == ["c"])
  }
}

@Suite struct CoTObjectsTests {
  private static let start: Int64 = 1_700_000_000_000_000_000

  private func object(
    _ id: Int, _ label: String, seen second: Double, map: Int = 0,
    place: CameraPose.Position? = .init(latitude: 48, longitude: 11, altitude: 500)
  ) -> WorldObjects.Object {
    WorldObjects.Object(
      id: id, label: label, trackIDs: [id], position: [1, 2, 3], covariance: [1, 0, 0, 0, 1, 0, 0, 0, 1],
      method: "depth", metric: true, wgs84: place, velocity: [0, 0, 0], firstSeen: 1_700_000_000,
      lastSeen: 1_700_000_000 + second, observations: 5, size: [2, 1],
      // Along one diagonal 4 m², across it 2.
      covarianceENU: [3, 1, 0, 1, 3, 0, 0, 0, 9], map: map)
  }

  private func message(
    _ objects: [WorldObjects.Object], stream: String? = "drone", map: Int? = nil
  ) throws -> BusMessage {
    try WorldObjects(stream: stream, objects: objects, map: map).message()
  }

  private func host(_ second: Double) -> HostTime { HostTime(nanos: Int64(second * 1e9)) }

  private func feed(_ change: (inout CoTSenderOptions) -> Void = { _ in }) throws -> CoTFeed {
    var options = CoTSenderOptions(address: try #require(CoTAddress("udp://239.2.3.1:6969")))
    change(&options)
    return CoTFeed(options: options, node: "node")
  }

  @Test func anObjectIsAnEventOfItsOwn() throws {
    var feed = try feed()
    feed.take(try message([object(7, "red car", seen: 1.5), object(8, "thing", seen: 1.5, place: nil)]), at: host(0))
    let events = feed.due(at: host(0.1))
    #expect(events.count == 1)
    let event = try #require(events.first)
    #expect(event.uid == "worldsystem-node-drone-object-7" && event.callsign == "red car 7")
    #expect(event.type.description == "a-u-G-E-V-C" && event.how == "m-f")
    #expect(event.latitudeDegrees == 48 && event.longitudeDegrees == 11 && event.heightMetres == 500)
    #expect(event.time.nanosSince1970 == Self.start + 1_500_000_000 && event.stale.since(event.time) == .seconds(60))
    #expect(abs((event.circularErrorMetres ?? 0) - 1.51 * 2) < 1e-9 && event.linearErrorMetres == 3)
  }

  @Test func itIsSentOnceAnIntervalWhileItIsSeen() throws {
    var feed = try feed()
    func due(_ second: Double, seen: Double) throws -> Int {
      feed.take(try message([object(7, "car", seen: seen)]), at: host(second))
      return feed.due(at: host(second)).count
    }
    #expect(try due(0, seen: 0) == 1)
    #expect(try due(1, seen: 1) == 0)
    #expect(try due(5, seen: 5) == 1)
    // It stands in lists for long after it was last seen.
    #expect(try due(10, seen: 5) == 0)
    #expect(try due(60, seen: 5) == 0)
    #expect(try due(61, seen: 61) == 1)
  }

  @Test func theyAreBoundedInNumberAndRate() throws {
    var feed = try feed { $0.objects = 20 }
    func list(_ ids: Range<Int>, _ second: Double) throws -> BusMessage {
      try message(ids.map { object($0, "car", seen: second) })
    }
    feed.take(try list(0..<30, 0), at: host(0))
    #expect(feed.leftOut == 10)
    #expect((0..<4).map { feed.due(at: host(Double($0) / 10)).count } == [8, 8, 4, 0])
    // Who is not seen for long makes room.
    feed.take(try list(100..<110, 70), at: host(70))
    #expect(feed.due(at: host(70)).map(\.callsign).first == "car 100" && feed.leftOut == 10)
    var none = try self.feed { $0.objects = 0 }
    none.take(try list(0..<5, 0), at: host(0))
    #expect(none.due(at: host(1)).isEmpty && none.leftOut == 0)
  }

  @Test func oneThatIsGoneIsDeletedOnce() throws {
    var feed = try feed()
    let now = WallTime(nanosSince1970: Self.start)
    feed.take(try message([object(7, "car", seen: 0), object(8, "car", seen: 0)]), at: host(0))
    #expect(feed.due(at: host(0)).count == 2 && feed.deletions(at: now).isEmpty)
    // It was the same as another one.
    feed.take(try message([object(7, "car", seen: 1)]), at: host(1))
    let deletions = feed.deletions(at: now)
    #expect(deletions.map(\.target) == ["worldsystem-node-drone-object-8"])
    let deletion = try #require(deletions.first)
    #expect(deletion.uid != deletion.target && deletion.latitudeDegrees == 48 && deletion.longitudeDegrees == 11)
    #expect(deletion.time == now && deletion.stale.since(now) == .seconds(60))
    feed.take(try message([object(7, "car", seen: 2)]), at: host(2))
    #expect(feed.deletions(at: now).isEmpty)
  }

  @Test func onlyWhatAListCanTellOfIsDeleted() throws {
    var feed = try feed { $0.objects = 1_000 }
    let now = WallTime(nanosSince1970: Self.start)
    func gone(after list: [WorldObjects.Object], stream: String = "drone") throws -> [String] {
      feed.take(try message(list, stream: stream), at: host(1))
      return feed.deletions(at: now).map(\.target)
    }
    feed.take(try message([object(7, "car", seen: 0)]), at: host(0))
    _ = feed.due(at: host(0))
    // Another stream, another map, no map, and a list without end.
    #expect(try gone(after: [object(1, "car", seen: 0)], stream: "other").isEmpty)
    #expect(try gone(after: [object(1, "car", seen: 0, map: 1)]).isEmpty)
    #expect(try gone(after: []).isEmpty)
    #expect(try gone(after: (100..<356).map { object($0, "car", seen: 0) }).isEmpty)
    // Of those 256 none was sent: there is nothing to delete but the one that was.
    #expect(try gone(after: [object(1, "car", seen: 1)]) == ["worldsystem-node-drone-object-7"])
    // It is there although its place on Earth is not known any more.
    _ = feed.due(at: host(1))
    #expect(try gone(after: [object(1, "car", seen: 2, place: nil)]).isEmpty)
  }

  @Test func theLastOneOfAMapIsDeletedWhereTheListTellsItsMap() throws {
    var feed = try feed()
    let now = WallTime(nanosSince1970: Self.start)
    func gone(_ map: Int?) throws -> [String] {
      feed.take(try message([], map: map), at: host(1))
      return feed.deletions(at: now).map(\.target)
    }
    feed.take(try message([object(7, "car", seen: 0, map: 2), object(8, "car", seen: 0, map: 2)], map: 2), at: host(0))
    #expect(feed.due(at: host(0)).count == 2)
    #expect(try gone(nil).isEmpty && gone(3).isEmpty)
    #expect(try gone(2) == [7, 8].map { "worldsystem-node-drone-object-\($0)" })
    #expect(try gone(2).isEmpty)
  }

  @Test func deletionsAreAFewAtATime() throws {
    var feed = try feed()
    let now = WallTime(nanosSince1970: Self.start)
    feed.take(try message((0..<20).map { object($0, "car", seen: 0) }), at: host(0))
    for second in 0..<3 { _ = feed.due(at: host(Double(second) / 10)) }
    feed.take(try message([object(19, "car", seen: 1)]), at: host(1))
    #expect((0..<4).map { _ in feed.deletions(at: now).count } == [8, 8, 3, 0])
  }

  @Test func whatIsMalformedOrOfNoStreamIsLeftOut() throws {
    var feed = try feed()
    feed.take(try message([object(1, "car", seen: 0)], stream: nil), at: host(0))
    feed.take(
      BusMessage(topic: .worldObjects, body: ByteBuffer(string: "{\"objects\":7"), contentType: BusMessage.json),
      at: host(0))
    #expect(feed.due(at: host(1)).isEmpty)
  }
}

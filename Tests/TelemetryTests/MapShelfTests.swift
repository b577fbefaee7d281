import BusMessages
import MediaModel
import MessageBus
import NIOCore
import Telemetry
import Testing

struct MapShelfTests {
  private static func pose(_ number: Int, map: Int = 0, isKeyframe: Bool = false) -> CameraPose {
    let x = Double(number)
    var pose = CameraPose(
      frameNumber: number, timestamp: x, pose: [[1, 0, 0, x], [0, 1, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]],
      isKeyframe: isKeyframe)
    pose.map = map
    return pose
  }

  @Test func theNewestMapStaysAndHasATagOfItsOwn() {
    var shelf = MapShelf()
    #expect(shelf.map(of: "drone") == nil)
    let first = shelf.put(PointCloud().ply(), of: "drone")
    let second = shelf.put(PointCloud(points: [.init(position: .one, colour: .zero)]).ply(), of: "drone")
    #expect(first != nil && second != nil && first?.tag != second?.tag)
    #expect(shelf.map(of: "drone") == second)
    #expect(shelf.map(of: "other") == nil)
  }

  @Test func whatIsTooLargeOrNoMapIsNotKept() {
    var limits = MapShelf.Limits()
    limits.mapBytes = 300
    var shelf = MapShelf(limits: limits)
    #expect(shelf.put(ByteBuffer(string: "jpg"), of: "drone") == nil)
    #expect(shelf.put(ByteBuffer(), of: "drone") == nil)
    let points = Array(repeating: PointCloud.Point(position: .one, colour: .zero), count: 100)
    #expect(shelf.put(PointCloud(points: points).ply(), of: "drone") == nil)
    #expect(shelf.map(of: "drone") == nil)
  }

  @Test func theStreamThatWasQuietForLongestGivesWay() {
    var limits = MapShelf.Limits()
    limits.streams = 2
    var shelf = MapShelf(limits: limits)
    _ = shelf.put(PointCloud().ply(), of: "a")
    _ = shelf.put(PointCloud().ply(), of: "b")
    shelf.add(Self.pose(1), of: "a")
    _ = shelf.put(PointCloud().ply(), of: "c")
    #expect(shelf.map(of: "a") != nil && shelf.map(of: "b") == nil && shelf.map(of: "c") != nil)
  }

  @Test func waysAreThinnedAndKeepTheirKeyFrames() {
    var limits = MapShelf.Limits()
    limits.steps = 64
    var shelf = MapShelf(limits: limits)
    for number in 0..<1_000 { shelf.add(Self.pose(number, isKeyframe: number == 999), of: "drone") }
    let path = shelf.path(of: "drone")
    #expect((32...64).contains(path.steps.count))
    #expect(path.steps.first?.time == 0 && path.steps.last?.isKeyframe == true)
    #expect(zip(path.steps, path.steps.dropFirst()).allSatisfy { $0.time < $1.time })
    #expect(path.steps.last?.position == [999, 2, 3])
  }

  @Test func anotherMapOrAnEarlierTimeBeginsAnew() {
    var shelf = MapShelf()
    for number in 0..<10 { shelf.add(Self.pose(number), of: "drone") }
    shelf.add(Self.pose(10, map: 1), of: "drone")
    #expect(shelf.path(of: "drone").steps.count == 1 && shelf.path(of: "drone").map == 1)
    shelf.add(Self.pose(5, map: 1), of: "drone")
    #expect(shelf.path(of: "drone").steps.map(\.time) == [5])
    // So do metres, where the unit was the map's.
    var pose = Self.pose(11, map: 1)
    pose.scale = .uncertain
    shelf.add(pose, of: "drone")
    #expect(shelf.path(of: "drone").steps.map(\.time) == [11])
    shelf.restart()
    #expect(shelf.path(of: "drone").steps.isEmpty)
  }

  @Test func posesThatAreNoneAreLeftOut() {
    var shelf = MapShelf()
    var pose = Self.pose(1)
    pose.pose = nil
    shelf.add(pose, of: "drone")
    pose.pose = [[1, 2, 3]]
    shelf.add(pose, of: "drone")
    pose.pose = Array(repeating: [0, 0, 0, .infinity], count: 4)
    shelf.add(pose, of: "drone")
    #expect(shelf.path(of: "drone").steps.isEmpty)
  }

  @Test(.timeLimit(.minutes(1))) func viewersAreToldOfMapsAndOfLostCameras() async throws {
    let rig = Rig()
    let wakes = Wakes()
    try await rig.running {
      let viewer = rig.hub.connectViewer(ViewerRequest(), wake: wakes.wake)
      rig.bus.publish(PointCloud().message(headers: [BusHeader.stream: .text("drone")]))
      let told = try await wakes.next { viewer.next().map(payload) }
      #expect(told.hasPrefix(#"{"type":"map","stream":"drone","tag":""#))
      #expect(rig.hub.map(of: .default)?.ply == PointCloud().ply())
      var lost = Self.pose(3)
      lost.pose = nil
      lost.state = .lost
      rig.bus.publish(try Self.pose(2).message())
      rig.bus.publish(try lost.message(headers: [BusHeader.stream: .text("drone")]))
      let state = try await wakes.next { viewer.next().map(payload) }
      #expect(state.hasPrefix(#"{"type":"slam_state","stream":"drone""#) && state.contains(#""state":"lost""#))
      rig.bus.publish(try Self.pose(4).message(on: .trajectory))
      _ = try await wakes.next { viewer.next() }
      #expect(rig.hub.path(of: .default).steps.map(\.time) == [4])
    }
  }
}

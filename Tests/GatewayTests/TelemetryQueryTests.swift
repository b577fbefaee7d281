import Gateway
import MediaModel
import Testing

struct TelemetryQueryTests {
  @Test func everythingIsOptional() throws {
    let query = try TelemetryQuery(target: "/ws/viewer")
    #expect(query.stream == nil)
    #expect(!query.wantsAllSamples)
    #expect(query.token == nil)
  }

  @Test func whatIsAskedForIsRead() throws {
    let query = try TelemetryQuery(target: "/ws/viewer?stream=roof&imu=all&token=secret")
    #expect(query.stream == StreamName("roof"))
    #expect(query.wantsAllSamples)
    #expect(query.token == "secret")
    #expect(try !TelemetryQuery(target: "/ws/viewer?imu=60").wantsAllSamples)
    #expect(try TelemetryQuery(target: "/ws/phone?replay=1").isReplay && !query.isReplay)
  }

  @Test(arguments: ["?stream=", "?stream=../x", "?stream=a%2Fb", "?imu=", "?imu=59", "?replay=2"])
  func othersAreRefused(query: String) {
    #expect(throws: StreamQuery.Problem.self) { try TelemetryQuery(target: "/ws/phone" + query) }
  }
}

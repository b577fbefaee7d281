import BusMessages
import NIOCore
import Testing

@Suite struct TopicTests {
  @Test func exchangesHaveTheNamesOfTheProtocol() {
    let names = Set(Topic.allCases.map(\.exchangeName))
    #expect(
      names.isSuperset(of: [
        "processed_frames_exchange", "api_results_exchange", "slam_results_exchange", "trajectory_data_exchange",
        "imu_data_exchange", "video_frames_exchange", "video_stream_exchange", "analysis_mode_exchange",
        "restart_exchange", "ply_fanout_exchange", "events_exchange",
      ]))
    #expect(names.count == Topic.allCases.count)
    #expect(Topic.imuData.environmentVariable == "IMU_DATA_EXCHANGE")
  }

  @Test func namesAreOverriddenByTheEnvironment() {
    let names = ExchangeNames(environment: [
      "IMU_DATA_EXCHANGE": "phones.imu", "RESTART_EXCHANGE": "", "imu_data_exchange": "not this",
      "SLAM_RESULTS_EXCHANGE": "maps",
    ])
    #expect(names[.imuData] == "phones.imu" && names[.slamResults] == "maps")
    // Empty is as if it were not set.
    #expect(names[.restart] == "restart_exchange")
    #expect(names[.events] == ExchangeNames()[.events])
    #expect(ExchangeNames(overrides: [.imuData: "phones.imu", .slamResults: "maps"]) == names)
  }

  @Test func videoGoesFirstWhenSpaceRunsOut() {
    #expect(Topic.videoStream.precedence == .bulk && Topic.videoFrames.precedence == .bulk)
    for topic in [Topic.imuData, .processedFrames, .slamResults, .identificationResults, .events, .restart] {
      #expect(topic.precedence == .essential, "\(topic)")
    }
  }
}

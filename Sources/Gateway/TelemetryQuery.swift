import HummingbirdCore
public import MediaModel

/// What the query of a telemetry address asks for: `?stream=NAME`, and of a viewer `&imu=all`.
public struct TelemetryQuery: Hashable, Sendable {
  /// `nil`: none is named.
  public var stream: StreamName?
  public var wantsAllSamples = false
  /// Of a phone: whether it sends a recording once more.
  public var isReplay = false
  /// The token, if the query carries one.
  public var token: String?

  /// - Parameter target: path and query of the request.
  public init(target: String) throws(StreamQuery.Problem) {
    let query = URI(target).queryParameters
    token = query["token"].map(String.init)
    stream = try query["stream"].map { name throws(StreamQuery.Problem) in try StreamQuery.streamName(name) }
    isReplay = try StreamQuery.flag(query["replay"], of: "replay")
    switch query["imu"] {
    case nil, "60": break
    case "all": wantsAllSamples = true
    case let other?:
      throw StreamQuery.Problem(description: "imu=\(other.prefix(40)): expected 60 or all")
    }
  }
}

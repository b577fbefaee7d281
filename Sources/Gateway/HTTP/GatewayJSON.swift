import PhoneProtocol
import CodedMedia
import Foundation
import HTTPTypes
import Hummingbird
import MediaModel
import NIOCore
import PhoneProtocol
import Relay

/// `/health`.
struct HealthReport: Encodable {
  var status = "healthy"
  var service = "worldsystem-server"
  var timestamp: Double
}

/// `/health/rtsp`.
struct RTSPHealthReport: Encodable {
  var ffmpeg_healthy: Bool
  var queue_size: Int
  var queue_capacity: Int
  var queue_usage_percent: Double

  init(report: RTSPReport?) {
    ffmpeg_healthy = report?.isHealthy ?? false
    queue_size = report?.queueSize ?? 0
    queue_capacity = report?.queueCapacity ?? 0
    queue_usage_percent = queue_capacity > 0 ? 100 * Double(queue_size) / Double(queue_capacity) : 0
  }
}

/// `/rtsp/status`.
struct RTSPStatusReport: Encodable {
  var ffmpeg_running: Bool
  var rtsp_url: String
  var queue_size: Int
  var thread_alive: Bool

  init(report: RTSPReport?) {
    ffmpeg_running = report?.isRunning ?? false
    rtsp_url = report?.url ?? ""
    queue_size = report?.queueSize ?? 0
    thread_alive = report?.isThreadAlive ?? false
  }
}

/// `/health/video`.
struct VideoReport: Encodable {
  struct Stream: Encodable {
    var name: String
    var consumers_connected: Int
    var sps_cached: Bool
    var pps_cached: Bool
    var live: Bool
  }

  var status: String
  var consumers_connected: Int
  var sps_cached: Bool
  var pps_cached: Bool
  var streams: [Stream]

  init(streams snapshots: [StreamSnapshot]) {
    streams = snapshots.map { snapshot in
      let isCached = snapshot.parameterSets != nil
      return Stream(
        name: snapshot.name.text, consumers_connected: snapshot.consumers, sps_cached: isCached, pps_cached: isCached,
        live: snapshot.isLive)
    }
    consumers_connected = snapshots.reduce(0) { $0 + $1.consumers }
    // The unlabelled fields are those of the default stream, or of the only one.
    let main = snapshots.first { $0.name == .default } ?? snapshots.first
    sps_cached = main?.parameterSets != nil
    pps_cached = sps_cached
    status = snapshots.contains { $0.isPublished } ? "streaming" : "waiting"
  }
}

/// `/api/server`.
struct ServerReport: Encodable {
  var version: String
  var uptime_s: Double
  var started: Double
  var time: Double
  var rtsp_port: Int?
  var auth_required: Bool
  var clock: ClockReport?
  var storage: StorageReport?
}

/// A stream in `/api/streams`.
struct StreamReport: Encodable {
  struct Ages: Encodable {
    var p50: Double
    var p99: Double
  }

  var name: String
  var live: Bool
  var publisher_connected: Bool
  var width: Int?
  var height: Int?
  var codec: String?
  var fps: Double
  var bitrate_mbps: Double
  var key_frame_interval_s: Double?
  var consumers: Int
  var readers: [String: Int]
  var frames_relayed: UInt64
  var bytes_relayed: UInt64
  /// Ages at sending over all WebSocket consumers since each of them came.
  var frame_age_ms: Ages?
  var since: Double?
  /// Its publisher is connected to another server.
  var remote: Bool
  /// The name of that server.
  var node: String?
  /// The server's wall clock minus the publisher's.
  var clock_offset_ms: Double?
  /// How much that varied over the last minute.
  var clock_offset_spread_ms: Double?

  /// A stream that nobody reads here: other servers know more of it.
  init(_ elsewhere: ElsewhereReport) {
    name = elsewhere.stream.text
    live = true
    publisher_connected = true
    fps = 0
    bitrate_mbps = 0
    consumers = 0
    readers = [:]
    frames_relayed = 0
    bytes_relayed = 0
    remote = true
    node = elsewhere.node
  }

  /// - Parameter elsewhere: what another server says of a stream of that name.
  init(snapshot: StreamSnapshot, ages: AgeHistogram, elsewhere: ElsewhereReport?) {
    let isElsewhere = elsewhere != nil && !snapshot.isPublished
    remote = snapshot.isRemote || isElsewhere
    node = snapshot.node ?? (isElsewhere ? elsewhere?.node : nil)
    name = snapshot.name.text
    live = snapshot.isLive || isElsewhere
    publisher_connected = snapshot.isPublished || isElsewhere
    width = snapshot.parameterSets?.resolution.width
    height = snapshot.parameterSets?.resolution.height
    codec = snapshot.parameterSets?.codecString
    fps = snapshot.framesPerSecond
    bitrate_mbps = snapshot.megabitsPerSecond
    key_frame_interval_s = snapshot.keyFrameInterval?.seconds
    consumers = snapshot.consumers
    readers = Dictionary(uniqueKeysWithValues: snapshot.readers.map { ($0.key.rawValue, $0.value) })
    frames_relayed = snapshot.framesRelayed
    bytes_relayed = snapshot.bytesRelayed
    if let middle = ages.quantile(0.5), let high = ages.quantile(0.99) {
      frame_age_ms = Ages(p50: middle.milliseconds, p99: high.milliseconds)
    }
    since = snapshot.publishedSince?.secondsSince1970
    clock_offset_ms = snapshot.publisherClockOffset?.value.milliseconds
    clock_offset_spread_ms = snapshot.publisherClockOffset?.spread.milliseconds
  }
}

/// A reader in `/api/streams/NAME/readers`.
struct ReaderReport: Encodable {
  var id: UInt64
  var transport: String
  var policy: String
  var queued_units: Int
  var queued_bytes: Int
  var sent_units: UInt64
  var dropped_units: UInt64
  var frame_age_ms: StreamReport.Ages?

  init(_ snapshot: ReaderSnapshot) {
    id = snapshot.id
    transport = snapshot.transport.rawValue
    policy = snapshot.policy.rawValue
    queued_units = snapshot.queuedUnits
    queued_bytes = snapshot.queuedBytes
    sent_units = snapshot.sentUnits
    dropped_units = snapshot.droppedUnits
    if let middle = snapshot.ages.quantile(0.5), let high = snapshot.ages.quantile(0.99) {
      frame_age_ms = StreamReport.Ages(p50: middle.milliseconds, p99: high.milliseconds)
    }
  }
}

extension Response {
  init(status: HTTPResponse.Status = .ok, json value: some Encodable) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Our own reports hold numbers and strings only, so encoding them cannot fail; an empty object shows if it does.
    let data = (try? encoder.encode(value)) ?? Data("{}".utf8)
    self.init(
      status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
  }

  init(status: HTTPResponse.Status = .ok, text: String, contentType: String = "text/plain; charset=utf-8") {
    self.init(
      status: status, headers: [.contentType: contentType, .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }
}

import Access
import Clocks
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import MediaModel
import NIOCore
import NIOHTTP1
import Relay
import Telemetry
import WebSocketTransport

/// Decides who may open which WebSocket, and says in HTTP why not.
struct GatewayAdmission: Sendable {
  /// An answer to a request that is not let through.
  struct Refusal: Error {
    var status: HTTPResponse.Status
    var reason: String
    /// What it counts as; `nil` for what is nobody's fault.
    var counted: RejectionMetrics.Reason?
  }

  private enum Endpoint {
    case publish
    case read
    case phone
    case viewer
  }

  let relay: Relay
  /// `nil`: this server takes no telemetry.
  let telemetry: TelemetryHub?
  let access: AccessPolicy
  let origins: OriginPolicy
  let limits: GatewayLimits
  /// Addresses that other services answer.
  var endpoints: [SocketEndpoint] = []
  let clocks: SystemClocks
  let ingestMetrics: IngestMetrics
  let rejections: RejectionMetrics
  let logger: Logger

  /// Decides about an upgrade. A declined one becomes an ordinary request, which `refusal(…)` answers.
  func admit(_ head: HTTPRequestHead) -> WebSocketAdmission {
    let headers = head.headers
    let outcome = decide(
      target: head.uri, origin: headers.first(name: "Origin"), host: headers.first(name: "Host"),
      authorization: headers.first(name: "Authorization"),
      subprotocols: headers.first(name: "Sec-WebSocket-Protocol"))
    guard case .success(let admission) = outcome else { return .decline }
    return admission
  }

  /// Why a request for a WebSocket address did not become a WebSocket.
  func refusal(target: String, headers: HTTPFields, host: String?) -> Refusal {
    let outcome = decide(
      target: target, origin: headers[.origin], host: host, authorization: headers[.authorization],
      subprotocols: headers[.secWebSocketProtocol])
    switch outcome {
    case .failure(let refusal): return refusal
    case .success:
      return Refusal(status: .upgradeRequired, reason: "this address speaks WebSocket (RFC 6455, version 13)")
    }
  }

  /// Answers a refused request, and counts it. Once for each request.
  func answer(_ refusal: Refusal) -> Response {
    if let reason = refusal.counted { rejections.count(reason) }
    var response = Response(status: refusal.status, text: refusal.reason + "\n")
    if refusal.status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
    return response
  }

  /// Decides about an HTTP request.
  func refusal(of permission: Permission, query token: String?, headers: HTTPFields, host: String?) -> Refusal? {
    if let refusal = originRefusal(origin: headers[.origin], host: host) { return refusal }
    return tokenRefusal(permission, authorization: headers[.authorization], query: token)
  }

  func originRefusal(origin: String?, host: String?) -> Refusal? {
    origins.refusal(origin: origin, host: host).map {
      Refusal(status: .forbidden, reason: $0.rawValue, counted: .origin)
    }
  }

  func tokenRefusal(_ permission: Permission, authorization: String?, query: String?) -> Refusal? {
    let presented = AccessPolicy.presentedToken(authorization: authorization, query: query)
    switch access.decide(permission, presented: presented) {
    case .granted: return nil
    case .tokenMissing:
      return Refusal(
        status: .unauthorized,
        reason: "a \(permission.rawValue) token is needed: ?token=… or Authorization: Bearer …",
        counted: .token)
    case .tokenUnknown: return Refusal(status: .unauthorized, reason: "the token is not known here", counted: .token)
    case .notPermitted(let needed):
      return Refusal(status: .forbidden, reason: "the token does not grant \(needed.rawValue)", counted: .token)
    }
  }

  private func decide(
    target: String, origin: String?, host: String?, authorization: String?, subprotocols: String?
  ) -> Result<WebSocketAdmission, Refusal> {
    let endpoint: Endpoint
    let path = target.prefix { $0 != "?" }
    if let other = endpoints.first(where: { $0.path == path }) {
      return decide(
        other, target: target, origin: origin, host: host, authorization: authorization, subprotocols: subprotocols)
    }
    switch path {
    case "/ws/video": endpoint = .publish
    case "/ws/h264_stream", "/ws/video/consume": endpoint = .read
    case "/ws/phone": endpoint = .phone
    case "/ws/viewer": endpoint = .viewer
    default: return .failure(Refusal(status: .notFound, reason: "no such address"))
    }
    if let refusal = originRefusal(origin: origin, host: host) { return .failure(refusal) }
    switch endpoint {
    case .publish, .read: return video(endpoint, target: target, authorization: authorization)
    case .phone, .viewer: return telemetry(endpoint, target: target, authorization: authorization)
    }
  }

  private func video(
    _ endpoint: Endpoint, target: String, authorization: String?
  ) -> Result<WebSocketAdmission, Refusal> {
    let query: StreamQuery
    do throws(StreamQuery.Problem) {
      query = try StreamQuery(target: target)
    } catch {
      return .failure(Refusal(status: .badRequest, reason: error.description, counted: .malformed))
    }
    let isPublisher = endpoint == .publish
    if let refusal = tokenRefusal(isPublisher ? .publish : .view, authorization: authorization, query: query.token) {
      return .failure(refusal)
    }
    return isPublisher ? .success(publisher(query)) : reader(query)
  }

  private func telemetry(
    _ endpoint: Endpoint, target: String, authorization: String?
  ) -> Result<WebSocketAdmission, Refusal> {
    guard let telemetry else { return .failure(Refusal(status: .notFound, reason: "no telemetry is taken here")) }
    let query: TelemetryQuery
    do throws(StreamQuery.Problem) {
      query = try TelemetryQuery(target: target)
    } catch {
      return .failure(Refusal(status: .badRequest, reason: error.description, counted: .malformed))
    }
    let isPhone = endpoint == .phone
    if let refusal = tokenRefusal(isPhone ? .publish : .view, authorization: authorization, query: query.token) {
      return .failure(refusal)
    }
    // Little waits in the kernel, so that old commands can still be left out.
    let limits = WebSocketLimits(
      messageBytes: isPhone ? limits.publisherMessageBytes : limits.messageBytes, idleTime: limits.webSocketIdleTime,
      writeBufferBytes: isPhone ? 16 << 10 : 256 << 10)
    if isPhone {
      return .success(
        .accept(limits) {
          PhoneRole(hub: telemetry, stream: query.stream ?? .default, isReplay: query.isReplay)
        })
    }
    let presented = AccessPolicy.presentedToken(authorization: authorization, query: query.token)
    let request = ViewerRequest(
      stream: query.stream, wantsAllSamples: query.wantsAllSamples,
      mayControl: access.decide(.control, presented: presented) == .granted)
    return .success(.accept(limits) { ViewerRole(hub: telemetry, request: request) })
  }

  private func publisher(_ query: StreamQuery) -> WebSocketAdmission {
    let limits = WebSocketLimits(messageBytes: limits.publisherMessageBytes, idleTime: limits.webSocketIdleTime)
    return .accept(limits) {
      VideoIngestRole(
        relay: relay, name: query.stream, isReplay: query.isReplay, clocks: clocks, metrics: ingestMetrics,
        rejections: rejections, logger: logger)
    }
  }

  private func reader(_ query: StreamQuery) -> Result<WebSocketAdmission, Refusal> {
    // Who wants little delay must not find a second of video in the kernel's buffer.
    let wantsLittleDelay = query.policy == .latest || query.deadline != nil
    let limits = WebSocketLimits(
      messageBytes: limits.messageBytes, idleTime: limits.webSocketIdleTime,
      writeBufferBytes: wantsLittleDelay ? 64 << 10 : 256 << 10)
    do throws(RelayError) {
      let stream = try relay.stream(query.stream)
      return .success(.accept(limits) { VideoReaderRole(stream: stream, query: query, clocks: clocks) })
    } catch {
      return .failure(Refusal(status: .serviceUnavailable, reason: error.description))
    }
  }
}

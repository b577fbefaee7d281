public import MediaModel
import NIOCore

/// The server's side of one RTSP connection, which carries one session at a time: RFC 2326 §A.2 without I/O.
///
/// Requests, answers of the owner, and the passing of time go in; ``RTSPEffects`` come out. While ``isAwaiting`` the
/// owner owes an answer and gives no further request.
public struct RTSPSession: Sendable {
  /// What exists on the connection.
  enum State: Sendable {
    /// No session. Goes to `announced` on ANNOUNCE, to `ready` on SETUP.
    case open
    /// Something to play is set up. Goes to `playing` on PLAY, `open` on TEARDOWN, `closed` on timeout.
    case ready(Playback)
    /// Goes to `ready` on PAUSE, `open` on TEARDOWN, `closed` on timeout (UDP).
    case playing(Playback)
    /// The client will send. Goes to `recording` on RECORD when the video track is set up, `open` on TEARDOWN.
    case announced(Intake)
    /// Goes to `announced` on PAUSE, `open` on TEARDOWN, `closed` on timeout.
    case recording(Intake)
    /// The connection ends; nothing is taken any more.
    case closed
  }

  /// A session that plays.
  struct Playback: Sendable {
    var id: String
    var stream: StreamName
    var transport: RTSPTrackTransport
    var ssrc: UInt32
    /// What the control of the track is relative to, in RTP-Info.
    var base: String
  }

  /// A session that records. It gets its identifier with the first SETUP.
  struct Intake: Sendable {
    var id: String?
    var stream: StreamName
    var announcement: RTSPAnnouncement
    var transports: [Int: RTSPTrackTransport] = [:]
  }

  /// What the owner owes an answer for, and the request that is answered with it.
  enum Awaited: Sendable {
    case description(RTSPRequest, RTSPURL)
    case ports(RTSPRequest, RTSPURL, track: Int, TransportHeader)
    case play(RTSPRequest)
    case record(RTSPRequest)
  }

  let configuration: RTSPSessionConfiguration
  private let makeIdentifier: @Sendable () -> UInt64
  var state = State.open
  var awaited: Awaited?
  private var granted: Set<RTSPPermission> = []
  private var refusals = 0
  var lastActivity: HostTime

  /// - Parameters:
  ///   - makeIdentifier: random numbers for session identifiers and synchronisation sources.
  ///   - now: when the connection was made.
  public init(
    configuration: RTSPSessionConfiguration, makeIdentifier: @escaping @Sendable () -> UInt64, startedAt now: HostTime
  ) {
    self.configuration = configuration
    self.makeIdentifier = makeIdentifier
    lastActivity = now
  }

  /// Whether the owner owes an answer to an effect.
  public var isAwaiting: Bool { awaited != nil }

  /// When ``deadlineReached(at:)`` is due; `nil` when nothing can time out.
  public var nextDeadline: HostTime? {
    switch state {
    case .playing(let playback):
      // In the RTSP connection, the connection itself says whether the player lives.
      if case .interleaved = playback.transport { return nil }
      return lastActivity.advanced(by: configuration.timeout)
    case .open, .ready, .announced, .recording: return lastActivity.advanced(by: configuration.timeout)
    case .closed: return nil
    }
  }

  /// Ends what has been silent for the timeout.
  public mutating func deadlineReached(at now: HostTime) -> RTSPEffects {
    guard let deadline = nextDeadline, deadline <= now else { return RTSPEffects() }
    return close(.timedOut)
  }

  /// Notes a packet that shows that the client lives: RTP or RTCP.
  public mutating func mediaReceived(at now: HostTime) { lastActivity = max(lastActivity, now) }

  /// Ends the connection because its bytes are no RTSP.
  public mutating func failed(_ error: RTSPError) -> RTSPEffects {
    var effects = close(.protocolError(error))
    effects.reply = RTSPResponse(error.status, headers: ["Connection": "close"])
    return effects
  }

  mutating func close(_ reason: RTSPCloseReason) -> RTSPEffects {
    var effects = RTSPEffects()
    switch state {
    case .closed: return effects
    case .open: break
    case .ready, .playing, .announced, .recording: effects.releaseMedia = true
    }
    state = .closed
    awaited = nil
    effects.close = reason
    return effects
  }

  /// Takes a request.
  /// - Precondition: not ``isAwaiting``; the owner holds further requests back, which is its own invariant.
  public mutating func received(_ request: RTSPRequest, at now: HostTime) -> RTSPEffects {
    precondition(awaited == nil, "the owner holds requests back while it owes an answer")
    if case .closed = state { return RTSPEffects() }
    mediaReceived(at: now)
    guard request.headers["CSeq"] != nil else { return answer(request, .badRequest) }
    if let option = request.headers["Require"] ?? request.headers["Proxy-Require"] {
      return answer(request, .optionNotSupported, ["Unsupported": option])
    }
    switch request.method {
    case .options: return options(request)
    case .other: return answer(request, .notImplemented, ["Public": Self.publicMethods])
    case .describe, .announce, .setup, .play, .pause, .record, .getParameter, .setParameter, .teardown: break
    }
    guard let url = RTSPURL(request.uri) else {
      // Session requests may name "*" or whatever a client makes of the control of the session.
      if let id = request.headers["Session"], Self.identifier(id) == sessionID {
        return sessionRequest(request, at: now)
      }
      return answer(request, .notFound)
    }
    if let effects = challenge(request, at: now) { return effects }
    switch request.method {
    case .describe: return describe(request, url)
    case .announce: return announce(request, url)
    case .setup: return setUp(request, url)
    case .options, .play, .pause, .record, .getParameter, .setParameter, .teardown, .other:
      return sessionRequest(request, at: now)
    }
  }

  static let publicMethods = RTSPMethod.known.map(\.description).joined(separator: ", ")

  private func options(_ request: RTSPRequest) -> RTSPEffects {
    // GStreamer and FFmpeg keep sessions alive with OPTIONS too; an unknown session is not an error here.
    answer(request, .ok, ["Public": Self.publicMethods])
  }

  // MARK: Identity

  /// The session's identifier, if there is a session.
  var sessionID: String? {
    switch state {
    case .open, .closed: nil
    case .ready(let playback), .playing(let playback): playback.id
    case .announced(let intake), .recording(let intake): intake.id
    }
  }

  func makeSessionID() -> String { String(makeIdentifier(), radix: 16) + String(makeIdentifier(), radix: 16) }
  func makeSource() -> UInt32 { UInt32(truncatingIfNeeded: makeIdentifier()) }

  /// A Session header's identifier, without the timeout that some clients send back.
  static func identifier(_ header: String) -> String {
    String(header.prefix { $0 != ";" }.trimmed)
  }

  /// Whether the request names no session, which is forgiven, or the one that exists.
  func namesOtherSession(_ request: RTSPRequest) -> Bool {
    guard let header = request.headers["Session"] else { return false }
    return Self.identifier(header) != sessionID
  }

  /// The answer to a request without or with wrong credentials; `nil` when it may go on. What a connection was
  /// granted once it keeps: players do not renew their nonces while they play.
  private mutating func challenge(_ request: RTSPRequest, at now: HostTime) -> RTSPEffects? {
    let permission = permission(for: request)
    guard !granted.contains(permission) else { return nil }
    switch configuration.authenticator.check(request, for: permission, at: now) {
    case .granted:
      granted.insert(permission)
      return nil
    case .challenged(let challenges, let isRefusal):
      if isRefusal { refusals += 1 }
      var effects =
        refusals >= configuration.limits.refusedCredentials ? close(.tooManyRefusals) : RTSPEffects()
      var response = response(to: request, .unauthorized)
      for challenge in challenges { response.headers.append("WWW-Authenticate", challenge) }
      effects.reply = response
      return effects
    }
  }

  private func permission(for request: RTSPRequest) -> RTSPPermission {
    switch state {
    case .announced, .recording: return .publish
    case .open, .ready, .playing, .closed: break
    }
    switch request.method {
    case .announce, .record: return .publish
    case .options, .describe, .setup, .play, .pause, .getParameter, .setParameter, .teardown, .other: return .view
    }
  }

  // MARK: Answers

  /// A response to `request` with the headers that every response has.
  func response(to request: RTSPRequest, _ status: RTSPStatus, _ headers: RTSPHeaders = [:]) -> RTSPResponse {
    var all = RTSPHeaders()
    if let sequence = request.headers["CSeq"] { all.append("CSeq", sequence) }
    all.append("Server", "WorldSystem")
    for field in headers.fields { all.append(field.name, field.value) }
    return RTSPResponse(status, headers: all)
  }

  func answer(_ request: RTSPRequest, _ status: RTSPStatus, _ headers: RTSPHeaders = [:]) -> RTSPEffects {
    var effects = RTSPEffects()
    effects.reply = response(to: request, status, headers)
    return effects
  }

  /// A Session header that names the timeout.
  func sessionHeader(_ id: String) -> String {
    "\(id);timeout=\(max(1, configuration.timeout.value / 1_000_000_000))"
  }
}

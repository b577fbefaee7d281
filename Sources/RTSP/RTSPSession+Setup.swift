public import MediaModel
import NIOCore

/// DESCRIBE, ANNOUNCE and SETUP: what comes before media flow.
extension RTSPSession {
  // MARK: DESCRIBE

  mutating func describe(_ request: RTSPRequest, _ url: RTSPURL) -> RTSPEffects {
    switch state {
    case .open, .ready, .playing: break
    case .announced, .recording, .closed: return answer(request, .methodNotValidInThisState)
    }
    if let accept = request.headers["Accept"], !accept.contains("application/sdp"), !accept.contains("*/*") {
      return answer(request, .notAcceptable)
    }
    awaited = .description(request, url)
    var effects = RTSPEffects()
    effects.describe = url.stream
    return effects
  }

  /// Answers a DESCRIBE.
  public mutating func described(_ result: RTSPDescribeResult, at now: HostTime) -> RTSPEffects {
    guard case .description(let request, let url) = awaited else { return RTSPEffects() }
    awaited = nil
    mediaReceived(at: now)
    switch result {
    case .notFound: return answer(request, .notFound)
    case .notReady: return answer(request, .serviceUnavailable, ["Retry-After": "1"])
    case .found(let format):
      var description = SessionDescription()
      // Session and version: one stream has one description at a time, so the time serves as both.
      description.origin = "\(UInt64(bitPattern: now.nanos)) 1 IN IP4 0.0.0.0"
      description.name = url.stream.text
      description.attributes = [.init("tool", "WorldSystem"), .init("range", "npt=now-"), .init("control", "*")]
      description.media = [format.media(control: "trackID=0")]
      var effects = answer(
        request, .ok,
        ["Content-Base": url.base + "/", "Content-Type": "application/sdp", "Cache-Control": "no-cache"])
      effects.reply?.body = ByteBuffer(string: description.serialized)
      return effects
    }
  }

  // MARK: ANNOUNCE

  mutating func announce(_ request: RTSPRequest, _ url: RTSPURL) -> RTSPEffects {
    guard case .open = state else { return answer(request, .methodNotValidInThisState) }
    if let type = request.headers["Content-Type"], !type.lowercased().hasPrefix("application/sdp") {
      return answer(request, .unsupportedMediaType, ["Accept": "application/sdp"])
    }
    let description: SessionDescription
    do throws(SDPError) {
      description = try SessionDescription.parse(String(buffer: request.body), limits: configuration.limits)
    } catch {
      return answer(request, .badRequest)
    }
    for (index, media) in description.media.enumerated() {
      guard let format = H264MediaFormat(media), format.packetizationMode < 2 else { continue }
      let announcement = RTSPAnnouncement(
        format: format, videoTrack: index, controls: description.media.map(\.control))
      state = .announced(Intake(stream: url.stream, announcement: announcement))
      return answer(request, .ok)
    }
    return answer(request, .unsupportedMediaType)
  }

  // MARK: SETUP

  mutating func setUp(_ request: RTSPRequest, _ url: RTSPURL) -> RTSPEffects {
    if namesOtherSession(request) { return answer(request, .sessionNotFound) }
    guard let value = request.headers["Transport"] else { return answer(request, .badRequest) }
    let track: Int
    switch state {
    case .open:
      track = url.track ?? 0
      guard track == 0 else { return answer(request, .notFound) }
    case .ready(let playback):
      // The one track again: it gets another transport.
      guard playback.stream == url.stream else { return answer(request, .aggregateOperationNotAllowed) }
      track = url.track ?? 0
      guard track == 0 else { return answer(request, .notFound) }
    case .announced(let intake):
      guard intake.stream == url.stream, let announced = Self.track(of: request, url, in: intake.announcement) else {
        return answer(request, .notFound)
      }
      track = announced
    case .playing, .recording, .closed:
      return answer(request, .methodNotValidInThisState)
    }
    let alternatives = TransportHeader.parseAlternatives(value)
    guard let transport = alternatives.first(where: isSupported) else {
      return answer(request, .unsupportedTransport)
    }
    switch transport.lowerTransport {
    case .interleaved:
      let channels = transport.channels ?? freeChannels()
      guard let channels else { return answer(request, .unsupportedTransport) }
      return establish(request, url, track: track, transport, .interleaved(channels: channels))
    case .udp:
      guard let ports = transport.clientPorts else { return answer(request, .badRequest) }
      awaited = .ports(request, url, track: track, transport)
      var effects = RTSPEffects()
      effects.openPorts = .init(track: track, clientPorts: ports)
      return effects
    case nil:
      return answer(request, .unsupportedTransport)
    }
  }

  /// Answers a SETUP over UDP; `nil`: no ports are left.
  public mutating func portsOpened(_ serverPorts: TransportHeader.Pair?, at now: HostTime) -> RTSPEffects {
    guard case .ports(let request, let url, let track, let transport) = awaited,
      let clientPorts = transport.clientPorts
    else { return RTSPEffects() }
    awaited = nil
    mediaReceived(at: now)
    guard let serverPorts else { return answer(request, .notEnoughBandwidth) }
    return establish(
      request, url, track: track, transport, .udp(clientPorts: clientPorts, serverPorts: serverPorts))
  }

  private func isSupported(_ transport: TransportHeader) -> Bool {
    guard !transport.isMulticast else { return false }
    switch transport.lowerTransport {
    case .interleaved:
      guard let channels = transport.channels else { return true }
      return channels.rtp != channels.rtcp && !takenChannels.contains(channels.rtp)
        && !takenChannels.contains(channels.rtcp)
    case .udp: return configuration.allowsUDP && transport.clientPorts != nil
    case nil: return false
    }
  }

  private var takenChannels: Set<Int> {
    guard case .announced(let intake) = state else { return [] }
    return intake.transports.values.reduce(into: []) { taken, transport in
      if case .interleaved(let channels) = transport { taken.formUnion([channels.rtp, channels.rtcp]) }
    }
  }

  private func freeChannels() -> TransportHeader.Pair? {
    let taken = takenChannels
    for rtp in stride(from: 0, to: 256, by: 2) where !taken.contains(rtp) && !taken.contains(rtp + 1) {
      return TransportHeader.Pair(rtp: rtp, rtcp: rtp + 1)
    }
    return nil
  }

  /// The announced medium that a SETUP means: by its control attribute, absolute or relative, else by its number.
  private static func track(of request: RTSPRequest, _ url: RTSPURL, in announcement: RTSPAnnouncement) -> Int? {
    for (index, control) in announcement.controls.enumerated() {
      guard let control, !control.isEmpty, control != "*" else { continue }
      if request.uri == control || request.uri.hasSuffix("/" + control) || request.uri.hasSuffix(control + "/") {
        return index
      }
    }
    let number = url.track ?? (announcement.controls.count == 1 ? 0 : nil)
    return number.flatMap { announcement.controls.indices.contains($0) ? $0 : nil }
  }

  private mutating func establish(
    _ request: RTSPRequest, _ url: RTSPURL, track: Int, _ wanted: TransportHeader, _ transport: RTSPTrackTransport
  ) -> RTSPEffects {
    var granted = TransportHeader(specifier: wanted.specifier, lowerTransport: wanted.lowerTransport)
    switch transport {
    case .interleaved(let channels): granted.channels = channels
    case .udp(let clientPorts, let serverPorts):
      granted.clientPorts = clientPorts
      granted.serverPorts = serverPorts
    }
    let id = sessionID ?? makeSessionID()
    switch state {
    case .open, .ready:
      let playback = Playback(
        id: id, stream: url.stream, transport: transport, ssrc: makeSource(), base: url.base)
      granted.ssrc = playback.ssrc
      state = .ready(playback)
    case .announced(var intake):
      intake.id = id
      intake.transports[track] = transport
      granted.mode = .record
      state = .announced(intake)
    case .playing, .recording, .closed:
      return answer(request, .methodNotValidInThisState)
    }
    return answer(request, .ok, ["Transport": granted.serialized, "Session": sessionHeader(id)])
  }
}

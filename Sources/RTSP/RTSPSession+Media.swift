public import MediaModel
import NIOCore

/// PLAY, RECORD, PAUSE, TEARDOWN and parameters: what a session does once it is set up.
extension RTSPSession {
  mutating func sessionRequest(_ request: RTSPRequest, at now: HostTime) -> RTSPEffects {
    if namesOtherSession(request) { return answer(request, .sessionNotFound) }
    switch request.method {
    case .play: return play(request)
    case .record: return record(request)
    case .pause: return pause(request)
    case .teardown: return tearDown(request)
    case .getParameter, .setParameter: return parameters(request)
    case .options, .describe, .announce, .setup, .other: return answer(request, .methodNotValidInThisState)
    }
  }

  // MARK: PLAY

  private mutating func play(_ request: RTSPRequest) -> RTSPEffects {
    switch state {
    case .ready(let playback):
      awaited = .play(request)
      var effects = RTSPEffects()
      effects.startPlaying = .init(stream: playback.stream, transport: playback.transport, ssrc: playback.ssrc)
      return effects
    case .playing(let playback):
      // Seeking in a live stream changes nothing; some players send PLAY to keep the session alive.
      return answer(request, .ok, ["Session": sessionHeader(playback.id), "Range": "npt=now-"])
    case .open, .announced, .recording, .closed:
      return answer(request, .methodNotValidInThisState)
    }
  }

  /// Answers a PLAY; media may follow the reply.
  /// - Parameters:
  ///   - firstSequence: of the first packet that will be sent.
  ///   - firstTimestamp: RTP time of the first access unit, where it is there already.
  public mutating func playStarted(firstSequence: UInt16, firstTimestamp: UInt32?, at now: HostTime) -> RTSPEffects {
    guard case .play(let request) = awaited, case .ready(let playback) = state else { return RTSPEffects() }
    awaited = nil
    mediaReceived(at: now)
    state = .playing(playback)
    var info = "url=\(playback.base)/trackID=0;seq=\(firstSequence)"
    if let firstTimestamp { info += ";rtptime=\(firstTimestamp)" }
    return answer(
      request, .ok, ["Session": sessionHeader(playback.id), "Range": "npt=now-", "RTP-Info": info])
  }

  /// Answers a PLAY of a stream that cannot be read.
  public mutating func playRefused(_ status: RTSPStatus, at now: HostTime) -> RTSPEffects {
    guard case .play(let request) = awaited else { return RTSPEffects() }
    awaited = nil
    mediaReceived(at: now)
    return answer(request, status)
  }

  // MARK: RECORD

  private mutating func record(_ request: RTSPRequest) -> RTSPEffects {
    switch state {
    case .announced(let intake):
      guard let transport = intake.transports[intake.announcement.videoTrack] else {
        return answer(request, .methodNotValidInThisState)
      }
      awaited = .record(request)
      var effects = RTSPEffects()
      effects.startRecording = .init(
        stream: intake.stream, format: intake.announcement.format, transport: transport)
      return effects
    case .recording(let intake):
      return answer(request, .ok, ["Session": sessionHeader(intake.id ?? "")])
    case .open, .ready, .playing, .closed:
      return answer(request, .methodNotValidInThisState)
    }
  }

  /// Answers a RECORD: the stream is the client's.
  public mutating func recordStarted(at now: HostTime) -> RTSPEffects {
    guard case .record(let request) = awaited, case .announced(let intake) = state else { return RTSPEffects() }
    awaited = nil
    mediaReceived(at: now)
    state = .recording(intake)
    return answer(request, .ok, ["Session": sessionHeader(intake.id ?? ""), "Range": "npt=now-"])
  }

  /// Answers a RECORD of a stream that is not to be had, with the reason in the status line.
  public mutating func recordRefused(_ status: RTSPStatus, at now: HostTime) -> RTSPEffects {
    guard case .record(let request) = awaited else { return RTSPEffects() }
    awaited = nil
    mediaReceived(at: now)
    return answer(request, status)
  }

  // MARK: PAUSE and TEARDOWN

  private mutating func pause(_ request: RTSPRequest) -> RTSPEffects {
    switch state {
    case .playing(let playback):
      state = .ready(playback)
    case .recording(let intake):
      state = .announced(intake)
    case .ready(let playback):
      return answer(request, .ok, ["Session": sessionHeader(playback.id)])
    case .announced, .open, .closed:
      return answer(request, .methodNotValidInThisState)
    }
    var effects = answer(request, .ok, ["Session": sessionHeader(sessionID ?? "")])
    effects.pauseMedia = true
    return effects
  }

  private mutating func tearDown(_ request: RTSPRequest) -> RTSPEffects {
    switch state {
    case .open, .closed:
      return answer(request, .sessionNotFound)
    case .ready, .playing, .announced, .recording:
      state = .open
      var effects = answer(request, .ok)
      effects.releaseMedia = true
      return effects
    }
  }

  // MARK: Parameters

  /// Without a body a sign of life (RFC 2326 §10.8); we have no parameters to get or set.
  private func parameters(_ request: RTSPRequest) -> RTSPEffects {
    guard request.body.readableBytes == 0 else { return answer(request, .parameterNotUnderstood) }
    return answer(request, .ok, sessionID.map { ["Session": sessionHeader($0)] } ?? [:])
  }
}

public import Clocks
public import CodedMedia
public import Logging
import MediaModel
import NIOCore
import Observability
import PhoneProtocol
import Synchronization
public import WebSocketTransport

/// Acts as a phone: sends pictures to a server's `/ws/video`, and connects again when the connection breaks.
///
/// While there is no connection pictures are left out, as a phone does; after it is back, sending goes on with the next
/// key frame.
public final class PhoneClient: AccessUnitSink {
  /// How to connect.
  public struct Options: Sendable {
    /// Token, trust and limits of the connection.
    public var webSocket = WebSocketClientOptions()
    /// Who sends, as the server is told.
    public var source = "simulator"
    public var backOff = BackOff()

    public init() {}
  }

  private struct State {
    var connection: WebSocketConnection?
    var sentSets: ParameterSets?
    var awaitsKeyFrame = true
    var sent: UInt64 = 0
    var dropped: UInt64 = 0
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let endpoint: WebSocketEndpoint
  private let options: Options
  private let pace: Pace
  private let logger: Logger
  private let state = Mutex(State())

  /// - Parameter endpoint: of `/ws/video`, with the stream in its query.
  public init(endpoint: WebSocketEndpoint, options: Options = Options(), pace: Pace = .system, logger: Logger) {
    self.endpoint = endpoint
    self.options = options
    self.pace = pace
    self.logger = logger
  }

  /// Pictures sent, and pictures left out because there was no connection.
  public var counts: (sent: UInt64, dropped: UInt64) { state.withLock { ($0.sent, $0.dropped) } }

  /// Connects, runs `publish`, which sends to this client, and closes the connection when everything is sent.
  /// - Throws: ``PublishingError/refused(place:reason:)`` when the server does not want us, and what `publish` throws.
  public func run(_ publish: @escaping @Sendable (any AccessUnitSink) async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await self.stayConnected()
        return false
      }
      group.addTask {
        await self.waitForConnection()
        try Task.checkCancellation()
        try await publish(self)
        return true
      }
      defer { group.cancelAll() }
      while let isDone = try await group.next() { if isDone { break } }
      group.cancelAll()
      // What is left is the closing of the connection.
      while let result = await group.nextResult() { if case .failure(let error) = result { try Self.check(error) } }
    }
    let counts = counts
    logger.info(
      "publisher closed", metadata: [.url: "\(endpoint)", .count: "\(counts.sent)", .skipped: "\(counts.dropped)"])
  }

  private static func check(_ error: any Error) throws {
    if !(error is CancellationError) { throw error }
  }

  // MARK: Connection

  private func stayConnected() async throws {
    var backOff = options.backOff
    while !Task.isCancelled {
      var reason = "the server closed the connection"
      do {
        try await WebSocketClient.withConnection(to: endpoint, options: options.webSocket) { connection in
          try await self.serve(connection)
        }
      } catch let error as WebSocketError {
        if Self.isFinal(error) { throw PublishingError.refused(place: "\(endpoint)", reason: "\(error)") }
        reason = "\(error)"
      } catch {
        reason = "\(error)"
      }
      if disconnected() { backOff.succeeded() }
      if Task.isCancelled { return }
      let wait = backOff.failed()
      logger.warning(
        "server is not reachable, trying again",
        metadata: [.url: "\(endpoint)", .reason: "\(reason)", .delaySeconds: "\(wait.seconds)"])
      try await pace.pause(wait)
    }
  }

  /// Keeps the connection open and reads what the server sends, which is nothing of interest yet.
  private func serve(_ connection: WebSocketConnection) async throws {
    try await connection.send(.text(VideoConfig(source: options.source, isAligned: true).json))
    logger.info("connected to server", metadata: [.url: "\(endpoint)"])
    let waiter = state.withLock { state in
      state.connection = connection
      state.awaitsKeyFrame = true
      state.sentSets = nil
      return state.waiter.take()
    }
    waiter?.resume()
    for try await message in connection.messages {
      guard case .text(let text) = message else { continue }
      logger.debug("message from server", metadata: [.bytes: "\(text.utf8.count)"])
    }
  }

  /// - Returns: whether there was a connection.
  private func disconnected() -> Bool { state.withLock { $0.connection.take() != nil } }

  /// Whether trying again does not help.
  private static func isFinal(_ error: WebSocketError) -> Bool {
    switch error {
    case .refused(let status, _): (400..<500).contains(status) && status != 429
    case .closed(let code, _): code == 1008 || (4400..<4500).contains(code)
    case .invalidAddress: true
    case .messageTooBig, .protocolViolation: false
    }
  }

  private func waitForConnection() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isConnected = state.withLock { state in
          if state.connection != nil || Task.isCancelled { return true }
          state.waiter = continuation
          return false
        }
        if isConnected { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiter.take() }?.resume()
    }
  }

  // MARK: Sending

  /// Sends a picture, with SPS and PPS packets in front when they are new to the server.
  public func send(_ picture: CodedPicture) async throws {
    let plan = state.withLock { state -> (connection: WebSocketConnection, announces: Bool)? in
      guard let connection = state.connection, picture.isKeyFrame || !state.awaitsKeyFrame else {
        state.dropped += 1
        return nil
      }
      state.awaitsKeyFrame = false
      let isKnown = state.sentSets.map { $0 === picture.parameterSets || $0.hasSameContent(as: picture.parameterSets) }
      state.sentSets = picture.parameterSets
      return (connection, !(isKnown ?? false))
    }
    guard let plan else { return }
    do {
      if plan.announces {
        for packet in Self.parameterSetPackets(of: picture) { try await plan.connection.send(.binary(packet)) }
      }
      try await plan.connection.send(.binary(Self.framePacket(of: picture)))
      state.withLock { $0.sent += 1 }
    } catch {
      try Task.checkCancellation()
      // The connection broke; the task that reads from it finds out why and connects again.
      state.withLock { state in
        state.dropped += 1
        state.awaitsKeyFrame = true
      }
    }
  }

  package static func parameterSetPackets(of picture: CodedPicture) -> [ByteBuffer] {
    let sets = picture.parameterSets
    return [(PhonePacketType.sps, [sets.sps]), (.pps, sets.pps)].map { type, units in
      var payload = ByteBuffer()
      for unit in units {
        payload.writeInteger(UInt32(1))
        payload.writeImmutableBuffer(unit)
      }
      return PhonePacketWriter.message(
        PhonePacket(type: type, timestampMicros: picture.senderMicros, payload: payload))
    }
  }

  package static func framePacket(of picture: CodedPicture) -> ByteBuffer {
    PhonePacketWriter.message(
      PhonePacket(
        type: picture.isKeyFrame ? .keyFrame : .frame, timestampMicros: picture.senderMicros,
        flags: picture.isKeyFrame ? .keyFrame : [], payload: picture.bytes))
  }
}

import Clocks
import FFmpeg
import MediaModel
import NIOCore
public import Observability
import PhoneProtocol
import Relay
public import WebSocketTransport

/// Units of a server's `/ws/h264_stream`.
///
/// Our server is asked for `format=packets`, with which capture times survive. Other servers do not know it and send
/// Annex B, which the first message tells.
public struct WebSocketFeed: UnitFeed {
  private let endpoint: WebSocketEndpoint
  private let options: WebSocketClientOptions
  private let clocks: SystemClocks
  private let tracing: FrameTracing

  public init(
    endpoint: WebSocketEndpoint, options: WebSocketClientOptions = .init(), clocks: SystemClocks = .system,
    tracing: FrameTracing = .off
  ) {
    self.tracing = tracing
    var endpoint = endpoint
    if !endpoint.target.contains("format=") {
      endpoint.target += endpoint.target.contains("?") ? "&format=packets" : "?format=packets"
    }
    self.endpoint = endpoint
    self.options = options
    self.clocks = clocks
  }

  public var place: String { "\(endpoint)" }
  public var isLive: Bool { true }

  public func run(_ deliver: @Sendable (FeedEvent) async -> Void) async throws {
    do {
      try await WebSocketClient.withConnection(to: endpoint, options: options) { connection in
        var reading = MessageReading(place: place, tracing: tracing)
        for try await message in connection.messages {
          guard case .binary(let bytes) = message else { continue }
          let now = clocks.host()
          for event in try reading.receive(bytes, at: now, wall: clocks.wall()) { await deliver(event) }
        }
      }
    } catch WebSocketError.refused(let status, let reason) {
      throw VideoConsumerError.refused(place: place, status: status, reason: reason)
    }
  }
}

/// Makes units from the messages of one connection.
package struct MessageReading {
  private enum Format {
    case unknown
    case packets(PhonePacketParser, UnitBuilder)
    case annexB(AnnexBSplitter, UnitBuilder)
  }

  private let place: String
  private let tracing: FrameTracing
  private var format = Format.unknown

  package init(place: String, tracing: FrameTracing = .off) {
    self.place = place
    self.tracing = tracing
  }

  package mutating func receive(_ message: ByteBuffer, at now: HostTime, wall: WallTime) throws -> [FeedEvent] {
    if case .unknown = format { format = format(of: message) }
    switch format {
    case .unknown: return []
    case .packets(let parser, var builder):
      defer { format = .packets(parser, builder) }
      do throws(PhonePacketError) {
        let packet = try parser.parse(message)
        return packet.type.isFrame
          ? builder.frame(packet.payload, timestampMicros: packet.timestampMicros, at: now, wall: wall)
          : builder.parameterSets(packet.payload)
      } catch {
        // One bad packet is not the end.
        return [.rejected(error.description)]
      }
    case .annexB(var splitter, var builder):
      defer { format = .annexB(splitter, builder) }
      do throws(SplitError) {
        guard let units = try splitter.append(message) else { return [] }
        return builder.frame(units, timestampMicros: wall.nanosSince1970 / 1000, at: now, wall: wall)
      } catch {
        throw VideoConsumerError.malformed(place: place, reason: "10 MB without a start code")
      }
    }
  }

  private func format(of first: ByteBuffer) -> Format {
    let parser = PhonePacketParser()
    // A packet begins with its own length, which no Annex B stream does: 00 00 00 01 is shorter than a header.
    if (try? parser.parse(first)) != nil {
      return .packets(parser, UnitBuilder(capture: .wall, isAligned: true, tracing: tracing))
    }
    return .annexB(AnnexBSplitter(), UnitBuilder(capture: .wall, isAligned: false, tracing: tracing))
  }
}

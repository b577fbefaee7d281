import ClockSync
public import Clocks
public import MediaModel
import NIOCore
import NIOPosix

/// Asks one time server once, to see whether it answers.
public enum TimeServerProbe {
  /// What a server said.
  public struct Answer: Hashable, Sendable {
    /// The server's time minus the clock of the system.
    public var offset: Nanoseconds
    /// Round trip.
    public var delay: Nanoseconds
    public var stratum: Int
  }

  /// Why there is no answer, in words.
  public struct NoAnswer: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
  }

  /// - Parameter limit: how long to wait in all.
  public static func ask(
    _ server: TimeServer, within limit: Nanoseconds = .seconds(3), clocks: SystemClocks = .system
  ) async throws(NoAnswer) -> Answer {
    let outcome = await withTaskGroup(of: Result<Answer, NoAnswer>.self) { tasks in
      tasks.addTask { await exchange(with: server, clocks: clocks) }
      tasks.addTask {
        try? await Task.sleep(for: .nanoseconds(limit.value))
        return .failure(NoAnswer(description: "no answer within \(limit.seconds) s"))
      }
      defer { tasks.cancelAll() }
      return await tasks.next() ?? .failure(NoAnswer(description: "no answer"))
    }
    return try outcome.get()
  }

  private static func exchange(with server: TimeServer, clocks: SystemClocks) async -> Result<Answer, NoAnswer> {
    do {
      let address = try await NIOThreadPool.singleton.runIfActive {
        try SocketAddress.makeAddressResolvingHost(server.host, port: server.port)
      }
      let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connect(to: address) { channel in
          channel.eventLoop.makeCompletedFuture {
            try NIOAsyncChannel<AddressedEnvelope<ByteBuffer>, AddressedEnvelope<ByteBuffer>>(
              wrappingChannelSynchronously: channel)
          }
        }
      return try await channel.executeThenClose { inbound, outbound in
        let cookie = UInt64.random(in: 1 ... .max)
        let sentAt = clocks.host()
        let request = ByteBuffer(bytes: SNTPPacket.request(cookie: cookie).bytes)
        try await outbound.write(AddressedEnvelope(remoteAddress: address, data: request))
        for try await envelope in inbound {
          let sample = try TimeSample(
            reply: Array(envelope.data.readableBytesView), cookie: cookie, sentAt: sentAt, receivedAt: clocks.host(),
            pivot: clocks.wall())
          let here = clocks.wall().nanosSince1970 - clocks.host().nanos
          return .success(
            Answer(offset: Nanoseconds(sample.epoch - here), delay: sample.delay, stratum: Int(sample.stratum)))
        }
        return .failure(NoAnswer(description: "no answer"))
      }
    } catch let error as SNTPError {
      return .failure(NoAnswer(description: error.description))
    } catch is SocketAddressError {
      return .failure(NoAnswer(description: "its name is not known"))
    } catch {
      return .failure(NoAnswer(description: "nothing answers there"))
    }
  }
}

#if Rerun
  import GRPCCore
  import GRPCNIOTransportHTTP2Posix
  internal import NIOCore

  /// The connection, and the one call over it.
  final class RerunConnection: Sendable {
    private static let method = MethodDescriptor(
      fullyQualifiedService: "rerun.sdk_comms.v1alpha1.MessageProxyService", method: "WriteMessages")
    /// A map of a million points is 16 MB.
    private static let messageLimit = 256 << 20

    private let client: GRPCClient<HTTP2ClientTransport.Posix>

    init(_ address: RerunViewer.Address) throws(RerunViewerError) {
      let config = HTTP2ClientTransport.Posix.Config.defaults { config in
        config.backoff.initial = .milliseconds(250)
        config.backoff.max = .seconds(2)
      }
      do {
        client = GRPCClient(
          transport: try .http2NIOPosix(
            target: .dns(host: address.host, port: address.port), transportSecurity: .plaintext, config: config))
      } catch {
        throw .unavailable(reason: "\(error)")
      }
    }

    func run() async throws {
      try await withTaskCancellationHandler {
        try await client.runConnections()
      } onCancel: {
        client.beginGracefulShutdown()
      }
    }

    func send(_ next: @escaping @Sendable () async -> [ByteBuffer]?) async throws(RerunViewerError) {
      var options = CallOptions.defaults
      options.waitForReady = true
      options.maxRequestMessageBytes = Self.messageLimit
      do {
        try await client.clientStreaming(
          request: StreamingClientRequest(of: ByteBuffer.self) { writer in
            while let messages = await next() {
              for message in messages { try await writer.write(message) }
            }
          },
          descriptor: Self.method, serializer: WholeMessage(), deserializer: Nothing(), options: options
        ) { response in _ = try response.message }
      } catch {
        throw .lost(reason: "\(error)")
      }
    }
  }

  /// A message that is encoded already.
  private struct WholeMessage: MessageSerializer {
    func serialize<Bytes: GRPCContiguousBytes>(_ message: ByteBuffer) throws -> Bytes {
      Bytes(message.readableBytesView)
    }
  }

  /// The answer has no fields.
  private struct Nothing: MessageDeserializer {
    func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws {}
  }
#endif

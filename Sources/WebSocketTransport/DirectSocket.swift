import NIOCore
import NIOSSL

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Sends bytes straight to the socket of a channel in which nothing waits.
///
/// A relay writes the same bytes to hundreds of connections, thirty times a second. Through the channel's pending
/// writes each of them costs several allocations and reference counts; a plain `send` costs the system call. What the
/// socket does not take goes the ordinary way, and so do connections with TLS, which have no socket of this kind.
struct DirectSocket {
  /// What became of the bytes.
  enum Outcome {
    case sent
    /// The socket took this many and no more.
    case partial(Int)
    /// The connection is broken.
    case failed
  }

  private let descriptor: CInt

  /// - Returns: `nil` when bytes have to go through the pipeline.
  init?(channel: any Channel) {
    let pipeline = channel.pipeline.syncOperations
    if (try? pipeline.context(handlerType: NIOSSLServerHandler.self)) != nil { return nil }
    let found = try? pipeline.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 }
    guard let descriptor = found ?? nil else { return nil }
    self.descriptor = descriptor
  }

  /// Sends without waiting. Call it on the channel's event loop, while the channel is active and nothing waits in it.
  func send(_ buffer: ByteBuffer) -> Outcome {
    #if canImport(Glibc)
      let flags = CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL)
    #else
      let flags = CInt(MSG_DONTWAIT)
    #endif
    return buffer.withUnsafeReadableBytes { bytes in
      while true {
        #if canImport(Glibc)
          let count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, flags)
        #else
          let count = Darwin.send(descriptor, bytes.baseAddress, bytes.count, flags)
        #endif
        if count == bytes.count { return .sent }
        if count >= 0 { return .partial(count) }
        switch errno {
        case EINTR: continue
        case EAGAIN: return .partial(0)
        default: return .failed
        }
      }
    }
  }
}

import NIOCore
import NIOPosix

/// Whether something listens, asked before work starts that would only be lost.
enum Reachability {
  /// - Throws: `CommandFailure` with 69 when nothing answers within three seconds.
  static func check(host: String, port: Int, shownAs name: String) async throws {
    do {
      let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connectTimeout(.seconds(3)).connect(host: host, port: port).get()
      try await channel.close()
    } catch {
      throw CommandFailure(.unavailable, "nothing listens on \(host):\(port) (\(name)); is the server running?")
    }
  }
}

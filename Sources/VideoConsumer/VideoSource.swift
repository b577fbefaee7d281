import FFmpeg
import Foundation
public import WebSocketTransport
import MediaModel

/// Where a consumer outside of the server's process gets its video from: what `--from` says.
public enum VideoSource: Hashable, Sendable, CustomStringConvertible {
  /// A WebSocket that sends H.264, ours (`/ws/h264_stream`) or another server's.
  case webSocket(WebSocketEndpoint)
  /// A live source that libavformat reads: RTSP, RTMP, SRT, UDP, a camera.
  case live(MediaLocation)
  /// A file: read as fast as it is consumed, every frame, once.
  case file(path: String)

  private static let liveSchemes: Set = ["rtsp", "rtsps", "rtmp", "rtmps", "srt", "udp", "tcp", "rtp"]

  /// Reads what `--from` says.
  public init(_ text: String) throws(VideoConsumerError) {
    guard !text.isEmpty else { throw .invalidSource(text, reason: "it is empty") }
    let location = MediaLocation(text)
    switch location.scheme {
    case "ws", "wss":
      do throws(WebSocketError) {
        self = .webSocket(try WebSocketEndpoint(text))
      } catch {
        throw .invalidSource(location.description, reason: "\(error)")
      }
    case let scheme? where Self.liveSchemes.contains(scheme):
      guard text.dropFirst(scheme.count + 3).contains(where: { $0 != "/" }) else {
        throw .invalidSource(location.description, reason: "it names no host")
      }
      self = .live(location)
    case "file": self = .file(path: String(text.dropFirst("file://".count)))
    case "http", "https":
      throw .invalidSource(location.description, reason: "pages are no video; the server's video is at ws://…")
    case let scheme?: throw .invalidSource(location.description, reason: "unknown scheme '\(scheme)'")
    case nil where location.isStandardInput: throw .invalidSource(text, reason: "standard input cannot be consumed")
    case nil where text.hasPrefix("/dev/"): self = .live(location)
    case nil: self = .file(path: text)
    }
    if case .file(let path) = self, !FileManager.default.fileExists(atPath: path) { throw .noSuchFile(path) }
  }

  /// Whether frames come at the pace of the world.
  public var isLive: Bool {
    if case .file = self { false } else { true }
  }

  /// The source without credentials.
  public var description: String {
    switch self {
    case .webSocket(let endpoint): endpoint.description
    case .live(let location): location.description
    case .file(let path): path
    }
  }
}

import Access
import MediaModel
import QRCode

/// The address that makes a phone the camera of a stream: the page `/phone`, with what it needs to publish.
public struct PhonePageLink: Hashable, Sendable {
  /// Scheme, host and port of the server, as a phone reaches it.
  public var origin: String
  public var stream: StreamName
  /// The secret of a token that lets it publish; `nil`: none is needed, or the page asks for it.
  public var token: String?

  public init(origin: String, stream: StreamName, token: String?) {
    self.origin = origin
    self.stream = stream
    self.token = token
  }

  /// The token stands in the fragment, which no browser sends to a server.
  public var url: String {
    let page = "\(origin)/phone?stream=\(stream)"
    return token.map { "\(page)#token=\($0)" } ?? page
  }

  /// Whether a browser gives the page its camera: only over https, or from the machine itself.
  public var givesCamera: Bool { origin.hasPrefix("https:") || isLoopback }

  /// Whether only this machine can open it.
  public var isLoopback: Bool { Self.isLoopback(host: Self.host(ofOrigin: origin)) }

  /// The origin to tell a phone, for somebody who reached the server at `authority`.
  /// - Parameters:
  ///   - authority: host and port of the request; a loopback host is no use to a phone.
  ///   - addresses: under which other machines reach this one.
  package static func origin(isEncrypted: Bool, authority: String, addresses: [String]) -> String {
    let scheme = isEncrypted ? "https" : "http"
    guard isLoopback(host: host(of: authority)), let address = addresses.first else {
      return "\(scheme)://\(authority)"
    }
    let port = authority.split(separator: "]").last.map(String.init)?.split(separator: ":").last.map(String.init)
    let host = address.contains(":") ? "[\(address)]" : address
    return "\(scheme)://\(host)" + (port.flatMap(Int.init).map { ":\($0)" } ?? "")
  }

  private static func host(ofOrigin origin: String) -> String {
    host(of: origin.split(separator: "/").last.map(String.init) ?? "")
  }

  /// The host of `host:port`, `[host]:port` or `host`.
  private static func host(of authority: String) -> String {
    if authority.hasPrefix("[") { return String(authority.dropFirst().prefix { $0 != "]" }) }
    return String(authority.prefix { $0 != ":" })
  }

  private static func isLoopback(host: String) -> Bool { host == "localhost" || AccessPolicy.isLoopback(host) }
}

/// `/api/phone-link`.
struct PhoneLinkReport: Encodable {
  var url: String
  /// The address as a QR code, SVG.
  var qr_svg: String
  /// Whether the page will ask for a token, since the address has none.
  var asks_token: Bool
  /// Whether a phone's browser gives the page its camera.
  var gives_camera: Bool
  /// Whether only the server's own machine reaches it.
  var is_local: Bool

  init(_ link: PhonePageLink, needsToken: Bool) throws {
    url = link.url
    qr_svg = try QRCode(link.url).svg
    asks_token = needsToken && link.token == nil
    gives_camera = link.givesCamera
    is_local = link.isLoopback
  }
}

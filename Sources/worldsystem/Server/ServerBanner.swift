import Access
import Gateway
import MediaModel
import QRCode
import Settings

/// What a server says on standard output once it serves: where everything is, and new tokens, once.
struct ServerBanner {
  var settings: Settings
  var access: ServerAccess
  var port: Int
  var rtspPort: Int?

  var text: String {
    var rows: [(String, String)] = []
    for host in hosts {
      rows.append(("page", "\(isEncrypted ? "https" : "http")://\(host):\(port)/"))
      if let rtspPort { rows.append(("RTSP", "rtsp://\(host):\(rtspPort)/drone")) }
      rows.append(("publish", "\(isEncrypted ? "wss" : "ws")://\(host):\(port)/ws/video?stream=drone"))
      rows.append(("metrics", "\(isEncrypted ? "https" : "http")://\(host):\(port)/metrics"))
    }
    // Tokens are shown in words only when they were made just now.
    rows.append(("phone", phoneLink(with: access.newTokens).url))
    rows.append(("data", settings.recording.path))
    if let tls = access.tls, let fingerprint = try? tls.fingerprint() { rows.append(("certificate", fingerprint)) }
    if let tokens = access.newTokens {
      for permission in Permission.allCases {
        for token in tokens.tokens(for: permission) { rows.append(("\(permission.rawValue) token", token.secret)) }
      }
    }
    if let file = access.tokenFile { rows.append(("tokens in", file)) }
    let width = rows.map(\.0.count).max() ?? 0
    let lines = rows.map { name, value in "  \(name)\(String(repeating: " ", count: width - name.count))  \(value)" }
    return (["WorldSystem \(Version.current)"] + lines + ["Ctrl-C stops."]).joined(separator: "\n")
  }

  /// The same, with the phone's address as a code to scan.
  var textWithPhoneCode: String {
    let link = phoneLink(with: access.policy.tokens)
    guard !link.isLoopback, let code = try? QRCode(link.url) else { return text }
    let advice =
      link.givesCamera
      ? "Scan it with a phone to make it the camera."
      : "A phone's browser gives its camera only to https: start with --tls self-signed."
    return "\(text)\n\n\(code.terminalText)\n\(advice)"
  }

  /// Where a phone becomes the camera, with the token for it out of `tokens`.
  private func phoneLink(with tokens: TokenSet?) -> PhonePageLink {
    let host = LocalAddresses.reachable(at: settings.server.host).first ?? hosts[0]
    let name = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
    return PhonePageLink(
      origin: "\(isEncrypted ? "https" : "http")://\(name):\(port)", stream: .default,
      token: tokens?.tokens(for: .publish).first?.secret)
  }

  private var isEncrypted: Bool { access.tls != nil }

  /// The address listened on, or all of this machine's when that is every address.
  private var hosts: [String] {
    let host = settings.server.host
    guard host == "0.0.0.0" || host == "::" else { return [host.contains(":") ? "[\(host)]" : host] }
    return ["127.0.0.1"] + LocalAddresses.all()
  }
}

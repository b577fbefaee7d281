import Access
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

  private var isEncrypted: Bool { access.tls != nil }

  /// The address listened on, or all of this machine's when that is every address.
  private var hosts: [String] {
    let host = settings.server.host
    guard host == "0.0.0.0" || host == "::" else { return [host.contains(":") ? "[\(host)]" : host] }
    return ["127.0.0.1"] + LocalAddresses.all()
  }
}

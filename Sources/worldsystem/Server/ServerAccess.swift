import Access
import Foundation
import NIOCore
import Settings

/// Where a server's tokens come from.
enum TokenSource {
  /// From the file that the settings name; without one, only loopback is served.
  case fromFile
  /// As before; without a file, tokens are made where they are needed, and kept beside the recordings.
  case generatedWhenNeeded
}

/// Who may do what on a server, and how it speaks TLS.
struct ServerAccess {
  let policy: AccessPolicy
  let origins: OriginPolicy
  let tls: TLSMaterial?
  /// Tokens that were made just now, to be shown once.
  let newTokens: TokenSet?
  /// The file that tokens were read from or written to.
  let tokenFile: String?

  init(_ settings: Settings, tokens source: TokenSource) throws {
    var tokens: TokenSet?
    var made: TokenSet?
    var file = settings.access.tokenFile
    if let file {
      tokens = try TokenSet(file: file)
    } else if case .generatedWhenNeeded = source, !settings.access.isInsecure,
      !AccessPolicy.isLoopback(settings.server.host)
    {
      let kept = settings.recording.path + "/tokens"
      file = kept
      if FileManager.default.fileExists(atPath: kept) {
        tokens = try TokenSet(file: kept)
      } else {
        try Self.makeFolder(settings.recording.path)
        let fresh = TokenSet.random()
        try fresh.write(file: kept)
        made = fresh
        tokens = fresh
      }
    }
    policy = try AccessPolicy(
      bindHost: settings.server.host, tokens: tokens, insecure: settings.access.isInsecure)
    origins = OriginPolicy(
      allowedOrigins: settings.server.allowedOrigins, allowedHosts: settings.server.allowedHosts,
      checksHost: !policy.requiresToken)
    tls = try Self.tlsMaterial(settings)
    newTokens = made
    tokenFile = policy.requiresToken ? file : nil
  }

  private static func tlsMaterial(_ settings: Settings) throws -> TLSMaterial? {
    switch settings.tls.mode {
    case .off: return nil
    case .files:
      guard let certificate = settings.tls.certificateFile, let key = settings.tls.keyFile else { return nil }
      return try TLSMaterial(certificateFile: certificate, keyFile: key)
    case .selfSigned:
      return try TLSMaterial.selfSigned(
        directory: settings.recording.path,
        names: [ProcessInfo.processInfo.hostName] + LocalAddresses.all() + settings.tls.names,
        nowSecondsSince1970: Date().timeIntervalSince1970)
    }
  }

  private static func makeFolder(_ path: String) throws {
    do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
      throw CommandFailure(.usage, "\(path): cannot make this folder: \(error.localizedDescription)")
    }
  }
}

/// The addresses under which other machines may reach this one.
enum LocalAddresses {
  /// IPv4 addresses beside loopback, in order.
  static func all() -> [String] {
    let devices = (try? System.enumerateDevices()) ?? []
    let addresses = devices.compactMap { device -> String? in
      guard let address = device.address, address.protocol == .inet else { return nil }
      return address.ipAddress
    }
    return Set(addresses.filter { !AccessPolicy.isLoopback($0) }).sorted()
  }

  /// The addresses, beside loopback, of a server that listens on `host`.
  static func reachable(at host: String) -> [String] {
    if host == "0.0.0.0" || host == "::" { return all() }
    return AccessPolicy.isLoopback(host) ? [] : [host]
  }
}

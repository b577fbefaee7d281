import Crypto
public import MediaModel

/// What a client wants to do to a stream.
public enum RTSPPermission: Hashable, Sendable { case view, publish }

/// Which passwords open what. User names are arbitrary: the password is an access token.
public struct RTSPCredentials: Hashable, Sendable {
  /// Passwords that allow viewing; `nil` when everybody may.
  public var view: [String]?
  /// Passwords that allow publishing; `nil` when everybody may.
  public var publish: [String]?

  public init(view: [String]?, publish: [String]?) {
    self.view = view
    self.publish = publish
  }

  /// Everybody may do everything.
  public static let open = RTSPCredentials(view: nil, publish: nil)

  func passwords(for permission: RTSPPermission) -> [String]? {
    switch permission {
    case .view: view
    case .publish: publish
    }
  }
}

/// Checks credentials, Basic and Digest, and makes challenges.
///
/// Nonces carry the time at which they were made and a keyed hash of it, so that nothing is stored per client.
public struct RTSPAuthenticator: Sendable {
  /// What became of a request's credentials.
  public enum Verdict: Hashable, Sendable {
    case granted
    /// To be answered with 401 and these WWW-Authenticate headers. `isRefusal`: there were credentials, and wrong.
    case challenged([String], isRefusal: Bool)
  }

  /// How long a nonce is good for.
  public static let nonceLifetime = Nanoseconds.seconds(300)

  private let credentials: RTSPCredentials
  private let realm: String
  private let key: SymmetricKey

  /// - Parameter secret: random bytes, at least 16, that sign nonces.
  public init(credentials: RTSPCredentials, realm: String, secret: [UInt8]) {
    self.credentials = credentials
    self.realm = realm
    key = SymmetricKey(data: secret)
  }

  /// Whether `request` may do what `permission` says.
  public func check(_ request: RTSPRequest, for permission: RTSPPermission, at now: HostTime) -> Verdict {
    guard let passwords = credentials.passwords(for: permission) else { return .granted }
    guard let value = request.headers["Authorization"] else {
      return .challenged(challenges(at: now, isStale: false), isRefusal: false)
    }
    let refused = Verdict.challenged(challenges(at: now, isStale: false), isRefusal: true)
    guard let header = AuthorizationHeader(value) else { return refused }
    switch header {
    case .basic(_, let password):
      return Self.containsEqual(password, in: passwords) ? .granted : refused
    case .digest(let digest):
      guard digest.realm == realm, isSameTarget(digest.uri, request.uri), let age = age(of: digest.nonce, at: now)
      else { return refused }
      let answers = passwords.map { password in
        digest.algorithm.response(to: digest, method: request.method.description, password: password)
      }
      guard Self.containsEqual(digest.response, in: answers) else { return refused }
      // The password is right, so a client may retry with the new nonce without asking its user.
      guard age <= Self.nonceLifetime else {
        return .challenged(challenges(at: now, isStale: true), isRefusal: false)
      }
      return .granted
    }
  }

  /// Players take the last digest they see (FFmpeg, live555) or the first that they know (GStreamer), and know MD5
  /// only; hence SHA-256 before MD5, and Basic first, which all of them leave as soon as a digest is offered.
  func challenges(at now: HostTime, isStale: Bool) -> [String] {
    let nonce = makeNonce(at: now)
    let stale = isStale ? ", stale=true" : ""
    return ["Basic realm=\"\(realm)\""]
      + [DigestAlgorithm.sha256, .md5].map { algorithm in
        "Digest realm=\"\(realm)\", nonce=\"\(nonce)\", algorithm=\(algorithm.name)\(stale)"
      }
  }

  /// Players compute with the URL of the stream, of the track, or either with or without a slash.
  private func isSameTarget(_ left: String, _ right: String) -> Bool {
    if left == right { return true }
    guard let left = RTSPURL(left), let right = RTSPURL(right) else { return false }
    return left.stream == right.stream
  }

  private func makeNonce(at now: HostTime) -> String {
    let time = withUnsafeBytes(of: now.nanos.bigEndian) { Array($0) }
    let signature = HMAC<SHA256>.authenticationCode(for: time, using: key)
    return DigestAlgorithm.hexadecimal(time + signature.prefix(16))
  }

  /// How old a nonce is; `nil` when it is none of ours.
  private func age(of nonce: String, at now: HostTime) -> Nanoseconds? {
    guard nonce.utf8.count == 48, let nanos = UInt64(nonce.prefix(16), radix: 16) else { return nil }
    let made = HostTime(nanos: Int64(bitPattern: nanos))
    guard Self.isEqual(makeNonce(at: made), nonce) else { return nil }
    let age = now.since(made)
    return age.value >= 0 ? age : nil
  }

  /// Looks at every candidate, whatever it finds.
  private static func containsEqual(_ text: String, in candidates: [String]) -> Bool {
    candidates.reduce(false) { isEqual(text, $1) || $0 }
  }

  /// Compares the hashes of both, which swift-crypto does in a time that tells nothing about the texts.
  private static func isEqual(_ left: String, _ right: String) -> Bool {
    SHA256.hash(data: Array(left.utf8)) == SHA256.hash(data: Array(right.utf8))
  }
}

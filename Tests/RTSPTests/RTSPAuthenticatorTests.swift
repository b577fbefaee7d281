import Foundation
import MediaModel
import RTSP
import Testing

@Suite struct RTSPAuthenticatorTests {
  // MARK: Vectors of the RFCs

  @Test func digestOfRFC2617() throws {
    // RFC 2617 §3.5.
    let header = try #require(
      AuthorizationHeader(
        """
        Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", \
        uri="/dir/index.html", qop=auth, nc=00000001, cnonce="0a4f113b", \
        response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41"
        """))
    guard case .digest(let digest) = header else {
      Issue.record("not a digest")
      return
    }
    #expect(digest.algorithm.response(to: digest, method: "GET", password: "Circle Of Life") == digest.response)
  }

  @Test(
    arguments: [
      ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
      ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ])
  func digestOfRFC7616(algorithm: String, response: String) throws {
    // RFC 7616 §3.9.1.
    let header = try #require(
      AuthorizationHeader(
        """
        Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=\(algorithm), \
        nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, \
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, response="\(response)", \
        opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
        """))
    guard case .digest(let digest) = header else {
      Issue.record("not a digest")
      return
    }
    #expect(digest.algorithm.response(to: digest, method: "GET", password: "Circle of Life") == response)
  }

  @Test func basicOfRFC7617() {
    // RFC 7617 §2 and §2.1: "test:123£" in UTF-8.
    #expect(
      AuthorizationHeader("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==") == .basic(user: "Aladdin", password: "open sesame"))
    #expect(AuthorizationHeader("basic dGVzdDoxMjPCow==") == .basic(user: "test", password: "123£"))
  }

  @Test(
    arguments: [
      "", "Basic", "Basic !!!", "Basic QQ==", "Bearer abc", "Digest username=\"a\"",
      "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"u\", response=\"x\", algorithm=SHA-512",
      "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"u\", response=\"x\", qop=auth-int",
    ])
  func malformedCredentialsAreNone(text: String) { #expect(AuthorizationHeader(text) == nil) }

  @Test func quotedStringsMayHoldCommasAndEscapes() {
    let header = AuthorizationHeader(
      #"Digest username="a, \"b\"", realm="r=1", nonce=n,uri="u", response="x""#)
    guard case .digest(let digest) = header else {
      Issue.record("not a digest")
      return
    }
    #expect(digest.user == #"a, "b""# && digest.realm == "r=1" && digest.nonce == "n")
  }

  // MARK: Checks

  private let start = HostTime(nanos: 1_000_000_000)
  private let authenticator = RTSPAuthenticator(
    credentials: RTSPCredentials(view: ["watch-1", "watch-2"], publish: ["send"]), realm: "WorldSystem",
    secret: [UInt8](repeating: 7, count: 32))

  private func request(_ authorization: String? = nil, uri: String = "rtsp://h/drone") -> RTSPRequest {
    RTSPRequest(.describe, uri, headers: authorization.map { ["Authorization": $0] } ?? [:])
  }

  private func nonce(at now: HostTime) throws -> String {
    guard case .challenged(let challenges, false) = authenticator.check(request(), for: .view, at: now),
      let start = challenges.last?.firstRange(of: "nonce=\"")
    else { throw SDPError.tooLarge }
    return String(challenges.last?[start.upperBound...].prefix { $0 != "\"" } ?? "")
  }

  private func digest(
    _ password: String, nonce: String, algorithm: DigestAlgorithm = .md5, uri: String = "rtsp://h/drone"
  ) -> String {
    var digest = AuthorizationHeader.Digest(
      algorithm: algorithm, user: "any", realm: "WorldSystem", nonce: nonce, uri: uri, response: "")
    digest.response = algorithm.response(to: digest, method: "DESCRIBE", password: password)
    return "Digest username=\"any\", realm=\"WorldSystem\", nonce=\"\(nonce)\", uri=\"\(uri)\", "
      + "response=\"\(digest.response)\", algorithm=\(algorithm.name)"
  }

  @Test func offersBasicThenSHA256ThenMD5() {
    guard case .challenged(let challenges, let isRefusal) = authenticator.check(request(), for: .view, at: start) else {
      Issue.record("granted")
      return
    }
    #expect(!isRefusal && challenges.count == 3)
    #expect(challenges[0] == "Basic realm=\"WorldSystem\"")
    #expect(challenges[1].hasSuffix("algorithm=SHA-256") && challenges[2].hasSuffix("algorithm=MD5"))
  }

  @Test(arguments: DigestAlgorithm.allCases)
  func digestOfEveryTokenIsGranted(algorithm: DigestAlgorithm) throws {
    let nonce = try nonce(at: start)
    for password in ["watch-1", "watch-2"] {
      let header = digest(password, nonce: nonce, algorithm: algorithm)
      #expect(authenticator.check(request(header), for: .view, at: start) == .granted)
    }
  }

  @Test func permissionsAreApart() throws {
    let nonce = try nonce(at: start)
    #expect(isRefused(digest("send", nonce: nonce), for: .view))
    #expect(isRefused(digest("watch-1", nonce: nonce), for: .publish))
    #expect(authenticator.check(request(digest("send", nonce: nonce)), for: .publish, at: start) == .granted)
    // "x:send", "x:watch-1"
    #expect(authenticator.check(request("Basic eDpzZW5k"), for: .publish, at: start) == .granted)
    #expect(isRefused("Basic eDp3YXRjaC0x", for: .publish))
  }

  private func isRefused(_ header: String, for permission: RTSPPermission, at now: HostTime? = nil) -> Bool {
    guard case .challenged(_, true) = authenticator.check(request(header), for: permission, at: now ?? start) else {
      return false
    }
    return true
  }

  @Test func forgedAndForeignNoncesAreRefused() throws {
    let nonce = try nonce(at: start)
    #expect(isRefused(digest("watch-1", nonce: String(repeating: "0", count: 48)), for: .view))
    #expect(isRefused(digest("watch-1", nonce: "f" + nonce.dropFirst()), for: .view))
    #expect(isRefused(digest("watch-1", nonce: ""), for: .view))
    let other = RTSPAuthenticator(
      credentials: RTSPCredentials(view: ["watch-1"], publish: nil), realm: "WorldSystem",
      secret: [UInt8](repeating: 8, count: 32))
    #expect(other.check(request(digest("watch-1", nonce: nonce)), for: .view, at: start) != .granted)
  }

  @Test func oldNonceIsStaleOnlyWithTheRightPassword() throws {
    let nonce = try nonce(at: start)
    let later = start.advanced(by: .seconds(301))
    let right = authenticator.check(request(digest("watch-1", nonce: nonce)), for: .view, at: later)
    guard case .challenged(let challenges, false) = right else {
      Issue.record("not stale: \(right)")
      return
    }
    #expect(challenges.last?.hasSuffix("stale=true") == true)
    #expect(isRefused(digest("guess", nonce: nonce), for: .view, at: later))
  }

  /// A comparison that looks at part of the answer only grants a few in a hundred of these.
  @Test func noGuessIsGranted() throws {
    let nonce = try nonce(at: start)
    for guess in 0..<1_000 {
      let algorithm = DigestAlgorithm.allCases[guess % DigestAlgorithm.allCases.count]
      #expect(isRefused(digest("guess-\(guess)", nonce: nonce, algorithm: algorithm), for: .view))
    }
    for byte in UInt8(0)..<128 {
      let password = "watch-" + String(decoding: [byte], as: UTF8.self)
      guard password != "watch-1", password != "watch-2" else { continue }
      #expect(isRefused("Basic " + Data("x:\(password)".utf8).base64EncodedString(), for: .view))
    }
    for position in nonce.indices where nonce[position] != "0" {
      let forged = nonce.replacingCharacters(in: position...position, with: "0")
      #expect(isRefused(digest("watch-1", nonce: forged), for: .view))
    }
  }

  @Test func digestIsBoundToTheStream() throws {
    let nonce = try nonce(at: start)
    let track = digest("watch-1", nonce: nonce, uri: "rtsp://h/drone/trackID=0")
    #expect(authenticator.check(request(track), for: .view, at: start) == .granted)
    #expect(isRefused(digest("watch-1", nonce: nonce, uri: "rtsp://h/other"), for: .view))
  }

  @Test func openServersAskNobody() {
    let open = RTSPAuthenticator(credentials: .open, realm: "r", secret: [UInt8](repeating: 1, count: 32))
    #expect(open.check(request(), for: .publish, at: start) == .granted)
  }
}

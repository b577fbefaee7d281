public import MediaModel

/// Why a packet is not an answer that tells the time.
public enum SNTPError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Shorter than 48 bytes.
  case short(bytes: Int)
  /// Not from a server, or of a version that no server answers a request of version 4 with.
  case notAReply(mode: UInt8, version: UInt8)
  /// Not to the request that is waiting: late, repeated, or made up by somebody who did not see the request.
  case unmatched
  /// The server asks for less or for nothing.
  case kissOfDeath(KissCode)
  /// The server's own clock is not synchronised.
  case unsynchronised
  /// The server does not say when it received the request or sent the answer.
  case zeroTimestamp
  /// The server's clock may be too far off to be of use.
  case distant(rootDistance: Nanoseconds)
  /// The server's times do not fit the time that the exchange took.
  case implausible(roundTrip: Nanoseconds, atServer: Nanoseconds)

  public var description: String {
    switch self {
    case .short(let bytes): "an answer of \(bytes) bytes is shorter than the 48 of NTP"
    case .notAReply(let mode, let version): "a packet of mode \(mode), version \(version) is not a server's answer"
    case .unmatched: "an answer that nobody waits for"
    case .kissOfDeath(let code): "the server refuses: \(code)"
    case .unsynchronised: "the server itself is not synchronised"
    case .zeroTimestamp: "the server left its times out"
    case .distant(let distance): "the server's clock may be \(distance.seconds) s off"
    case .implausible(let roundTrip, let atServer):
      "the server claims \(atServer.seconds) s of a round trip of \(roundTrip.seconds) s"
    }
  }
}

/// What a server of stratum 0 asks for (RFC 5905 §7.4).
public enum KissCode: Hashable, Sendable, CustomStringConvertible {
  /// `DENY`: access denied. No more requests to this server.
  case deny
  /// `RSTR`: access denied by local policy. No more requests to this server.
  case restrict
  /// `RATE`: fewer requests.
  case rate
  /// Anything else, which tells no time and asks for nothing.
  case other(UInt32)

  init(referenceID: UInt32) {
    switch referenceID {
    case 0x4445_4e59: self = .deny
    case 0x5253_5452: self = .restrict
    case 0x5241_5445: self = .rate
    default: self = .other(referenceID)
    }
  }

  public var description: String {
    switch self {
    case .deny: "DENY"
    case .restrict: "RSTR"
    case .rate: "RATE"
    case .other(let code): "code \(code)"
    }
  }
}

public import MediaModel

/// What one exchange with a server tells: which wall time the host's monotonic clock showed, and how sure that is.
///
/// The clock of the system takes no part in it, so that somebody who sets it during the exchange does no harm.
public struct TimeSample: Hashable, Sendable {
  /// When the answer came.
  public var at: HostTime
  /// Wall time minus host time: the wall time at which the host's clock showed zero, nanoseconds since 1970.
  public var epoch: Int64
  /// Round trip without the time at the server. The error of `epoch` is at most half of it.
  public var delay: Nanoseconds
  /// Error bound from reading both clocks, without the delay.
  public var dispersion: Nanoseconds
  /// Of the server; 1…15.
  public var stratum: UInt8
  /// Error bound of the server's clock itself.
  public var rootDistance: Nanoseconds
  /// Error bound of the server's clock without the round trip to its reference.
  public var rootDispersion: Nanoseconds

  /// How fast a clock may drift away from what was measured (RFC 5905 §4, PHI).
  public static let driftTolerance = 15e-6
  /// Servers whose clock may be farther off are of no use (RFC 5905 §11.2.1, MAXDIST).
  public static let rootDistanceLimit = Nanoseconds.milliseconds(1_500)

  /// Reads an answer, with every check of RFC 4330 §5 and RFC 5905 §8.
  ///
  /// - Parameters:
  ///   - bytes: the datagram.
  ///   - cookie: what the request carried.
  ///   - sentAt: when the request went out.
  ///   - receivedAt: when the answer came in.
  ///   - pivot: a wall time within 68 years of the real one, which tells the era.
  public init(
    reply bytes: [UInt8], cookie: UInt64, sentAt: HostTime, receivedAt: HostTime, pivot: WallTime
  ) throws(SNTPError) {
    let packet = try SNTPPacket(decoding: bytes)
    guard packet.mode == .server, (3...4).contains(packet.version) else {
      throw .notAReply(mode: packet.mode.rawValue, version: packet.version)
    }
    // Before anything else is believed, refusals included: who did not see the request cannot know the cookie.
    guard packet.origin.rawValue == cookie, cookie != 0 else { throw .unmatched }
    guard packet.stratum != 0 else { throw .kissOfDeath(KissCode(referenceID: packet.referenceID)) }
    guard packet.leap != .unsynchronised, packet.stratum <= 15 else { throw .unsynchronised }
    guard !packet.receive.isUnknown, !packet.transmit.isUnknown else { throw .zeroTimestamp }
    rootDispersion = packet.rootDispersion
    rootDistance = Nanoseconds(packet.rootDelay.value / 2 + packet.rootDispersion.value)
    guard rootDistance < Self.rootDistanceLimit else { throw .distant(rootDistance: rootDistance) }

    let received = packet.receive.wallTime(near: pivot)
    let sent = packet.transmit.wallTime(near: pivot)
    let roundTrip = receivedAt.since(sentAt)
    let atServer = sent.since(received)
    // What the server's clock rounds to may be coarser than a round trip on a local network.
    let precision = Nanoseconds.seconds(Self.seconds(log2: packet.precision))
    guard atServer.value >= -precision.value, atServer.value &- roundTrip.value <= precision.value else {
      throw .implausible(roundTrip: roundTrip, atServer: atServer)
    }
    at = receivedAt
    stratum = packet.stratum
    delay = max(.zero, Nanoseconds(roundTrip.value - atServer.value))
    dispersion = Nanoseconds(
      precision.value + Int64(Self.driftTolerance * Double(roundTrip.value)) + Self.ownPrecision.value)
    // RFC 5905 §8: ((T2 - T1) + (T3 - T4)) / 2, on host time.
    let outbound = received.nanosSince1970 &- sentAt.nanos
    let inbound = sent.nanosSince1970 &- receivedAt.nanos
    epoch = outbound &+ (inbound &- outbound) / 2
  }

  /// Reading the clock around a system call.
  private static let ownPrecision = Nanoseconds(1_000)

  /// 2 to the power of `exponent`, from a nanosecond to a second.
  private static func seconds(log2 exponent: Int8) -> Double {
    (0..<min(30, max(0, -Int(exponent)))).reduce(1.0) { value, _ in value / 2 }
  }
}

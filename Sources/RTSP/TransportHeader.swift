/// One alternative of a Transport header, RFC 2326 §12.39.
public struct TransportHeader: Hashable, Sendable {
  /// What carries the RTP packets.
  public enum LowerTransport: Hashable, Sendable {
    /// Frames in the RTSP connection.
    case interleaved
    /// Datagrams to an address of the client's own.
    case udp
  }

  /// Two ports or channels: RTP, RTCP.
  public struct Pair: Hashable, Sendable, CustomStringConvertible {
    public var rtp: Int
    public var rtcp: Int

    public init(rtp: Int, rtcp: Int) {
      self.rtp = rtp
      self.rtcp = rtcp
    }

    /// `a-b`, or `a` which means `a-(a+1)`.
    init?(_ text: some StringProtocol, in range: ClosedRange<Int>) {
      let parts = text.split(separator: "-", maxSplits: 1)
      guard let first = parts.first.flatMap({ Int($0.trimmed) }), range.contains(first) else { return nil }
      let second = parts.count > 1 ? Int(parts[1].trimmed) : min(first + 1, range.upperBound)
      guard let second, range.contains(second) else { return nil }
      self.init(rtp: first, rtcp: second)
    }

    public var description: String { "\(rtp)-\(rtcp)" }
  }

  /// `mode` parameter: who sends.
  public enum Mode: Hashable, Sendable { case play, record }

  /// Transport and profile as sent, such as `RTP/AVP/TCP`.
  public var specifier: String
  /// `nil`: a transport that we do not have, such as SRTP.
  public var lowerTransport: LowerTransport?
  public var isMulticast = false
  /// Channels of interleaved transport.
  public var channels: Pair?
  public var clientPorts: Pair?
  public var serverPorts: Pair?
  public var ssrc: UInt32?
  public var mode: Mode = .play

  public init(specifier: String, lowerTransport: LowerTransport?) {
    self.specifier = specifier
    self.lowerTransport = lowerTransport
  }

  /// The alternatives of a header, most wanted first. What is not understood in one makes that one unusable, not all.
  public static func parseAlternatives(_ value: String) -> [TransportHeader] {
    value.split(separator: ",").prefix(16).map { TransportHeader(parsing: $0) }
  }

  private init(parsing text: Substring) {
    var parameters = text.split(separator: ";").map(\.trimmed)
    let specifier = parameters.isEmpty ? "" : String(parameters.removeFirst())
    switch specifier.uppercased() {
    case "RTP/AVP/TCP", "RTP/AVPF/TCP": self.init(specifier: specifier, lowerTransport: .interleaved)
    case "RTP/AVP", "RTP/AVP/UDP", "RTP/AVPF", "RTP/AVPF/UDP": self.init(specifier: specifier, lowerTransport: .udp)
    default: self.init(specifier: specifier, lowerTransport: nil)
    }
    for parameter in parameters {
      let parts = parameter.split(separator: "=", maxSplits: 1)
      let value = parts.count > 1 ? parts[1].trimmed : ""
      switch parts.first?.trimmed.lowercased() {
      case "multicast": isMulticast = true
      case "interleaved": channels = Pair(value, in: 0...255)
      case "client_port": clientPorts = Pair(value, in: 1...65_535)
      case "server_port": serverPorts = Pair(value, in: 1...65_535)
      case "ssrc": ssrc = UInt32(value, radix: 16)
      case "mode":
        // Quoted or not, in either case; "receive" is what old QuickTime broadcasters say for record.
        let name = value.filter { $0 != "\"" }.lowercased()
        mode = name == "record" || name == "receive" ? .record : .play
      default: break
      }
    }
  }

  /// The alternative as text.
  public var serialized: String {
    var text = specifier + (isMulticast ? ";multicast" : ";unicast")
    if let channels { text += ";interleaved=\(channels)" }
    if let clientPorts { text += ";client_port=\(clientPorts)" }
    if let serverPorts { text += ";server_port=\(serverPorts)" }
    if let ssrc {
      let digits = String(ssrc, radix: 16, uppercase: true)
      text += ";ssrc=" + String(repeating: "0", count: 8 - digits.count) + digits
    }
    if mode == .record { text += ";mode=record" }
    return text
  }
}

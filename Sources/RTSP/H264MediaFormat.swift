public import NIOCore

/// H.264 in a session description: the `rtpmap` and `fmtp` attributes of RFC 6184 §8.2.1.
public struct H264MediaFormat: Hashable, Sendable {
  public var payloadType: UInt8
  /// 0: single NAL units only; 1: with STAP-A and FU-A; 2: interleaved, which we do not have.
  public var packetizationMode: Int
  /// Profile, constraints and level in six hexadecimal digits.
  public var profileLevelID: String?
  /// Parameter sets out of band, without start codes, in order.
  public var parameterSets: [ByteBuffer]
  /// Pictures per second, where known.
  public var frameRate: Double?

  public init(
    payloadType: UInt8, packetizationMode: Int = 1, profileLevelID: String? = nil, parameterSets: [ByteBuffer] = [],
    frameRate: Double? = nil
  ) {
    self.payloadType = payloadType
    self.packetizationMode = packetizationMode
    self.profileLevelID = profileLevelID
    self.parameterSets = parameterSets
    self.frameRate = frameRate
  }

  /// The first format of `media` that is H.264, or `nil`.
  public init?(_ media: SessionDescription.Media) {
    guard media.kind.equalsIgnoringCase("video") else { return nil }
    let maps = media.attributes.filter { $0.name.equalsIgnoringCase("rtpmap") }.compactMap(\.value)
    for format in media.formats {
      guard let payloadType = UInt8(format), payloadType < 128 else { continue }
      let isH264 = maps.contains { map in
        let parts = map.split(separator: " ", maxSplits: 1)
        return parts.count == 2 && parts[0] == format && parts[1].trimmed.uppercased().hasPrefix("H264/90000")
      }
      guard isH264 else { continue }
      self.init(payloadType: payloadType, packetizationMode: 0)
      frameRate = media.attributes.first { $0.name.equalsIgnoringCase("framerate") }?.value.flatMap { Double($0) }
      for attribute in media.attributes where attribute.name.equalsIgnoringCase("fmtp") {
        readParameters(attribute.value ?? "", format: format)
      }
      return
    }
    return nil
  }

  private mutating func readParameters(_ value: String, format: String) {
    let parts = value.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0] == format else { return }
    for parameter in parts[1].split(separator: ";") {
      let pair = parameter.trimmed.split(separator: "=", maxSplits: 1)
      guard pair.count == 2 else { continue }
      switch pair[0].lowercased() {
      case "packetization-mode": packetizationMode = Int(pair[1].trimmed) ?? 0
      case "profile-level-id": profileLevelID = String(pair[1].trimmed)
      case "sprop-parameter-sets":
        parameterSets = pair[1].split(separator: ",").prefix(32).compactMap { set in
          Base64.decode(set.trimmed).flatMap { $0.isEmpty ? nil : ByteBuffer(bytes: $0) }
        }
      default: break
      }
    }
  }

  /// The media section that offers this format.
  public func media(control: String) -> SessionDescription.Media {
    var parameters = "\(payloadType) packetization-mode=\(packetizationMode)"
    if let profileLevelID { parameters += ";profile-level-id=\(profileLevelID)" }
    if !parameterSets.isEmpty {
      let sets = parameterSets.map { Base64.encode($0.readableBytesView) }.joined(separator: ",")
      parameters += ";sprop-parameter-sets=\(sets)"
    }
    var attributes: [SessionDescription.Attribute] = [
      .init("rtpmap", "\(payloadType) H264/90000"), .init("fmtp", parameters),
    ]
    if let frameRate, frameRate > 0, frameRate.isFinite {
      attributes.append(.init("framerate", Self.shortened(frameRate)))
    }
    attributes.append(.init("control", control))
    return .init(kind: "video", port: 0, transport: "RTP/AVP", formats: ["\(payloadType)"], attributes: attributes)
  }

  /// Two decimals at most: 29.97, 30.
  private static func shortened(_ rate: Double) -> String {
    let hundredths = Int((min(rate, 10_000) * 100).rounded())
    let (whole, rest) = hundredths.quotientAndRemainder(dividingBy: 100)
    return rest == 0 ? "\(whole)" : "\(whole)." + (rest < 10 ? "0" : "") + "\(rest)"
  }
}

/// A session description, RFC 4566, as far as RTSP uses it.
public struct SessionDescription: Hashable, Sendable {
  /// An attribute line: `a=name` or `a=name:value`.
  public struct Attribute: Hashable, Sendable {
    public var name: String
    public var value: String?

    public init(_ name: String, _ value: String? = nil) {
      self.name = name
      self.value = value
    }
  }

  /// A media section.
  public struct Media: Hashable, Sendable {
    /// `video`, `audio`, …
    public var kind: String
    public var port: Int
    /// Such as `RTP/AVP`.
    public var transport: String
    /// RTP payload types.
    public var formats: [String]
    public var attributes: [Attribute] = []

    public init(kind: String, port: Int, transport: String, formats: [String], attributes: [Attribute] = []) {
      self.kind = kind
      self.port = port
      self.transport = transport
      self.formats = formats
      self.attributes = attributes
    }

    /// The URL with which the medium is set up, absolute or relative.
    public var control: String? { attributes.first { $0.name.equalsIgnoringCase("control") }?.value }
  }

  /// The `o=` line behind its user name: session, version, network, address.
  public var origin = "0 0 IN IP4 0.0.0.0"
  public var name = "-"
  public var attributes: [Attribute] = []
  public var media: [Media] = []

  public init() {}

  /// Reads a description. Lines that say nothing to us are passed over.
  public static func parse(_ text: String, limits: RTSPLimits = RTSPLimits()) throws(SDPError) -> SessionDescription {
    var description = SessionDescription()
    let lines = text.utf8.split(omittingEmptySubsequences: true) { $0 == 10 || $0 == 13 }
    guard lines.count <= limits.descriptionLines else { throw .tooLarge }
    guard let first = lines.first, Substring(first).trimmed == "v=0" else { throw .unsupportedVersion }
    for (index, bytes) in lines.enumerated() {
      let line = Substring(bytes)
      guard line.utf8.count >= 2, line.utf8.dropFirst().first == UInt8(ascii: "="), let letter = line.first else {
        throw .invalidLine(number: index + 1)
      }
      let value = line.dropFirst(2).trimmed
      switch letter {
      case "o": description.origin = value.split(separator: " ").dropFirst().joined(separator: " ")
      case "s": description.name = String(value)
      case "m":
        guard description.media.count < limits.descriptionMedia else { throw .tooLarge }
        guard let media = parseMedia(value) else { throw .invalidMedia(line: index + 1) }
        description.media.append(media)
      case "a":
        let parts = value.split(separator: ":", maxSplits: 1)
        let attribute = Attribute(String(parts.first ?? ""), parts.count > 1 ? String(parts[1].trimmed) : nil)
        if description.media.isEmpty {
          description.attributes.append(attribute)
        } else {
          description.media[description.media.count - 1].attributes.append(attribute)
        }
      default: break
      }
    }
    return description
  }

  private static func parseMedia(_ value: Substring) -> Media? {
    let parts = value.split(separator: " ", omittingEmptySubsequences: true)
    guard parts.count >= 4, let port = parts[1].split(separator: "/").first.flatMap({ Int($0) }),
      (0...65_535).contains(port)
    else { return nil }
    return Media(kind: String(parts[0]), port: port, transport: String(parts[2]), formats: parts[3...].map(String.init))
  }

  /// The description as text, with CR LF.
  public var serialized: String {
    var lines = ["v=0", "o=- \(origin)", "s=\(name)", "c=IN IP4 0.0.0.0", "t=0 0"]
    lines += attributes.map(Self.line)
    for medium in media {
      lines.append("m=\(medium.kind) \(medium.port) \(medium.transport) \(medium.formats.joined(separator: " "))")
      lines += medium.attributes.map(Self.line)
    }
    return lines.joined(separator: "\r\n") + "\r\n"
  }

  private static func line(_ attribute: Attribute) -> String {
    "a=" + attribute.name + (attribute.value.map { ":" + $0 } ?? "")
  }
}

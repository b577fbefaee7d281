public import MediaModel

/// What a request URI means on our server: a stream, and perhaps one of its tracks.
///
/// Accepts absolute URLs and paths, with user-info, query and trailing slashes, and every way in which known clients
/// name a track: `/trackID=0`, `/track1`, `/streamid=0` (FFmpeg publishing), `/stream=0` (GStreamer publishing).
public struct RTSPURL: Hashable, Sendable {
  /// The stream named by the first path component; ``MediaModel/StreamName/default`` where the path is empty.
  public var stream: StreamName
  /// The number in the last path component, if that names a track.
  public var track: Int?
  /// Everything before the track, without user-info, query and trailing slash; what controls are relative to.
  public var base: String

  /// - Returns: `nil` when the URI has no valid stream name, or more path than stream and track.
  public init?(_ uri: String) {
    var rest = Substring(uri)
    var origin = ""
    for scheme in ["rtsp://", "rtspu://", "rtsps://"] where rest.prefix(scheme.count).equalsIgnoringCase(scheme) {
      rest = rest.dropFirst(scheme.count)
      let authority = rest.prefix { $0 != "/" && $0 != "?" }
      rest = rest[authority.endIndex...]
      let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
      guard !host.isEmpty else { return nil }
      origin = scheme + host
      break
    }
    guard rest.isEmpty || rest.first == "/" || rest.first == "?" else { return nil }
    // A client that appends a control to a URL with a query puts it behind the query.
    var (path, query) = (rest, Substring())
    if let mark = rest.firstIndex(of: "?") {
      path = rest[..<mark]
      query = rest[rest.index(after: mark)...]
    }
    var components = path.split(separator: "/", omittingEmptySubsequences: true)
    if let slash = query.lastIndex(of: "/"), Self.trackNumber(query[query.index(after: slash)...]) != nil {
      components.append(query[query.index(after: slash)...])
    }
    if let last = components.last, components.count > 1 || last.contains("="), let number = Self.trackNumber(last) {
      track = number
      components.removeLast()
    }
    guard components.count <= 1 else { return nil }
    guard let name = components.first.map({ StreamName($0) }) ?? .default else { return nil }
    stream = name
    base = origin + (components.first.map { "/" + $0 } ?? "")
  }

  private static func trackNumber(_ component: Substring) -> Int? {
    for prefix in ["trackID=", "track=", "streamid=", "stream=", "track", "stream", "video", "media="]
    where component.prefix(prefix.count).equalsIgnoringCase(prefix) {
      let digits = component.dropFirst(prefix.count)
      if !digits.isEmpty, digits.count <= 3, let number = Int(digits), number >= 0 { return number }
    }
    return nil
  }
}

import Foundation

/// The names of streams that sources have.
enum StreamNames {
  /// The stream in the query of a URL, else the last part of an RTSP path, else the usual one.
  static func stream(ofSource source: String) -> String {
    guard let parts = URLComponents(string: source), parts.scheme != nil else { return "drone" }
    if let named = parts.queryItems?.first(where: { $0.name == "stream" })?.value { return named }
    let last = parts.path.split(separator: "/").last.map(String.init) ?? ""
    return parts.scheme?.hasPrefix("rtsp") == true && !last.isEmpty ? last : "drone"
  }
}

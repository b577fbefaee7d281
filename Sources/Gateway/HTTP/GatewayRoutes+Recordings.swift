import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import NIOPosix

extension GatewayRoutes {
  /// Recordings: the list, and the files with ranges, so that a browser can seek in them.
  func addRecordings(to router: Router<BasicRequestContext>) {
    router.get("/api/recordings") { _, _ in
      Response(json: ["recordings": await providers.recordings()])
    }
    router.get("/api/recordings/:session/results") { _, context in
      guard let session = context.parameters.get("session"), Self.isPlainName(session) else {
        return Response(status: .notFound, text: "no such recording")
      }
      return try await results(of: session)
    }
    router.get("/recordings/:session/:file") { request, context in
      guard let session = context.parameters.get("session"), let file = context.parameters.get("file"),
        Self.isPlainName(session), Self.isPlainName(file), let path = providers.recordingFile(session, file)
      else { return Response(status: .notFound, text: "no such recording") }
      return try await Self.serve(path, name: "\(session)_\(file)", request: request, context: context)
    }
  }

  /// Lines of JSON, as they are read: never more than a piece is in memory, and who does not take it holds it up.
  private func results(of session: String) async throws -> Response {
    let opened = try await NIOThreadPool.singleton.runIfActive { [providers] in providers.recordingResults(session) }
    guard let pieces = opened else {
      // A recording of video alone is one all the same.
      let isKnown = providers.recordingFile(session, "metadata.json") != nil
      return isKnown ? Response(status: .noContent) : Response(status: .notFound, text: "no such recording")
    }
    let body = ResponseBody { writer in
      while let piece = try await NIOThreadPool.singleton.runIfActive({ try pieces() }) {
        try await writer.write(piece)
      }
      try await writer.finish(nil)
    }
    return Response(
      status: .ok, headers: [.contentType: "application/x-ndjson", .cacheControl: "no-cache"], body: body)
  }

  /// Whether `name` is one path component that leads nowhere else.
  static func isPlainName(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= 128 && !name.hasPrefix(".")
      && name.utf8.allSatisfy { byte in
        byte < 0x80 && (Character(UnicodeScalar(byte)).isLetter || Character(UnicodeScalar(byte)).isNumber)
          || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
      }
  }

  private static func serve(
    _ path: String, name: String, request: Request, context: BasicRequestContext
  ) async throws -> Response {
    guard let size = try? await fileSize(path) else { return Response(status: .notFound, text: "no such file") }
    var headers: HTTPFields = [
      .contentType: contentType(of: path), .acceptRanges: "bytes", .cacheControl: "no-cache",
    ]
    if request.uri.queryParameters["download"] != nil {
      headers[.contentDisposition] = "attachment; filename=\"\(name)\""
    }
    let files = FileIO(threadPool: .singleton)
    guard let field = request.headers[.range] else {
      headers[.contentLength] = "\(size)"
      guard request.method != .head, size > 0 else { return Response(status: .ok, headers: headers) }
      // Bounded by the size of now: the file may be growing.
      let body = try await files.loadFile(path: path, range: 0...(size - 1), context: context)
      return Response(status: .ok, headers: headers, body: body)
    }
    guard let range = ByteRange(field: field, size: size) else {
      headers[.contentRange] = "bytes */\(size)"
      return Response(status: .rangeNotSatisfiable, headers: headers)
    }
    headers[.contentRange] = "bytes \(range.first)-\(range.last)/\(size)"
    headers[.contentLength] = "\(range.last - range.first + 1)"
    let body = try await files.loadFile(path: path, range: range.first...range.last, context: context)
    return Response(status: .partialContent, headers: headers, body: body)
  }

  private static func fileSize(_ path: String) async throws -> Int {
    try await NIOThreadPool.singleton.runIfActive {
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      guard attributes[.type] as? FileAttributeType == .typeRegular, let size = attributes[.size] as? Int else {
        throw CocoaError(.fileReadUnknown)
      }
      return size
    }
  }

  private static func contentType(of path: String) -> String {
    switch path.split(separator: ".").last {
    case "mp4": "video/mp4"
    case "jpg": "image/jpeg"
    case "json": "application/json"
    default: "application/octet-stream"
    }
  }
}

/// One range of a `Range` header, RFC 9110 §14.1.2. Several ranges are answered with the first.
package struct ByteRange: Equatable {
  package var first: Int
  package var last: Int

  /// - Returns: `nil` when the field is malformed or no byte of the file lies in the range.
  package init?(field: String, size: Int) {
    guard field.hasPrefix("bytes="), size > 0 else { return nil }
    guard let spec = field.dropFirst(6).split(separator: ",", omittingEmptySubsequences: false).first else {
      return nil
    }
    let parts = spec.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    if parts[0].isEmpty {
      guard let suffix = Int(parts[1]), suffix > 0 else { return nil }
      (first, last) = (max(0, size - suffix), size - 1)
    } else {
      guard let start = Int(parts[0]), start >= 0, start < size else { return nil }
      let end = parts[1].isEmpty ? size - 1 : Int(parts[1])
      guard let end, end >= start else { return nil }
      (first, last) = (start, min(end, size - 1))
    }
  }
}

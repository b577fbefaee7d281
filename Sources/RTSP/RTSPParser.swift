public import NIOCore

/// Cuts the bytes of an RTSP connection into messages and interleaved frames.
///
/// After an error the position of the next message is unknown: the parser is not to be used again.
public struct RTSPParser: Sendable {
  private enum State: Sendable {
    /// Before a message. `scanned` bytes of its head are known to hold no end.
    case head(scanned: Int)
    /// The head of a message has been read; its body follows.
    case body(RTSPMessage, length: Int)
  }

  private let limits: RTSPLimits
  private var state = State.head(scanned: 0)

  public init(limits: RTSPLimits = RTSPLimits()) { self.limits = limits }

  /// The next message in `buffer`, taken out of it; `nil` when it is not complete yet.
  public mutating func next(_ buffer: inout ByteBuffer) throws(RTSPError) -> RTSPMessage? {
    if case .head(let scanned) = state {
      if scanned == 0 { skipLineBreaks(&buffer) }
      guard let first = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) else { return nil }
      if first == UInt8(ascii: "$") { return try nextFrame(&buffer) }
      guard let head = try takeHead(&buffer, scanned: scanned) else { return nil }
      let message = try parse(head)
      state = .body(message, length: try contentLength(of: message))
    }
    guard case .body(let message, let length) = state, let body = buffer.readSlice(length: length) else { return nil }
    state = .head(scanned: 0)
    switch message {
    case .request(var request):
      request.body = body
      return .request(request)
    case .response(var response):
      response.body = body
      return .response(response)
    case .interleaved:
      return message
    }
  }

  /// Some clients end a body with a line break that Content-Length leaves out.
  private func skipLineBreaks(_ buffer: inout ByteBuffer) {
    while let byte = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self), byte == 13 || byte == 10 {
      buffer.moveReaderIndex(forwardBy: 1)
    }
  }

  private func nextFrame(_ buffer: inout ByteBuffer) throws(RTSPError) -> RTSPMessage? {
    guard let length = buffer.getInteger(at: buffer.readerIndex + 2, as: UInt16.self) else { return nil }
    guard Int(length) <= limits.interleavedBytes else {
      throw .bodyTooLarge(announced: Int(length), limit: limits.interleavedBytes)
    }
    guard buffer.readableBytes >= 4 + Int(length),
      let channel = buffer.getInteger(at: buffer.readerIndex + 1, as: UInt8.self)
    else { return nil }
    buffer.moveReaderIndex(forwardBy: 4)
    guard let payload = buffer.readSlice(length: Int(length)) else { return nil }
    return .interleaved(channel: channel, payload)
  }

  /// The lines up to the empty one, without it. Lines end with CR LF, or LF alone as some encoders send them.
  private mutating func takeHead(_ buffer: inout ByteBuffer, scanned: Int) throws(RTSPError) -> String? {
    let view = buffer.readableBytesView
    var index = view.startIndex + scanned
    let end = min(view.endIndex, view.startIndex + limits.headBytes)
    while index < end {
      if view[index] == 10, isEmptyLine(before: index, in: view) {
        guard let text = buffer.readString(length: index + 1 - view.startIndex) else { return nil }
        guard !text.unicodeScalars.contains("\u{FFFD}") else { throw .invalidText }
        return text
      }
      index += 1
    }
    guard buffer.readableBytes < limits.headBytes else { throw .headTooLarge(limit: limits.headBytes) }
    state = .head(scanned: index - view.startIndex)
    return nil
  }

  private func isEmptyLine(before index: Int, in view: ByteBufferView) -> Bool {
    guard index > view.startIndex else { return false }
    if view[index - 1] == 10 { return true }
    return view[index - 1] == 13 && index - 1 > view.startIndex && view[index - 2] == 10
  }

  private func parse(_ head: String) throws(RTSPError) -> RTSPMessage {
    // "\r\n" is one Character, so lines are cut by bytes.
    var lines = head.utf8.split(separator: 10, omittingEmptySubsequences: false).map { line in
      Substring(line.last == 13 ? line.dropLast() : line)
    }
    guard let start = lines.first else { throw .invalidStartLine }
    lines.removeFirst()
    let headers = try parseHeaders(lines)
    let parts = start.split(separator: " ", omittingEmptySubsequences: true)
    guard parts.count >= 2 else { throw .invalidStartLine }
    if parts[0].hasPrefix("RTSP/") {
      guard parts[0] == "RTSP/1.0" else { throw .unsupportedVersion(String(parts[0].prefix(16))) }
      guard let code = Int(parts[1]), (100...599).contains(code) else { throw .invalidStartLine }
      let reason = parts.dropFirst(2).joined(separator: " ")
      return .response(RTSPResponse(RTSPStatus(code: code, reason: reason), headers: headers))
    }
    guard parts.count >= 3, let version = parts.last, parts[0].utf8.allSatisfy(\.isTokenByte) else {
      throw .invalidStartLine
    }
    guard version == "RTSP/1.0" else {
      guard version.hasPrefix("RTSP/") || version.hasPrefix("HTTP/") else { throw .invalidStartLine }
      throw .unsupportedVersion(String(version.prefix(16)))
    }
    // A space inside a URL is wrong but unambiguous, as method and version have none.
    let uri = parts[1..<(parts.count - 1)].joined(separator: " ")
    return .request(RTSPRequest(RTSPMethod(name: String(parts[0])), uri, headers: headers))
  }

  private func parseHeaders(_ lines: [Substring]) throws(RTSPError) -> RTSPHeaders {
    var headers = RTSPHeaders()
    for line in lines where !line.isEmpty {
      if line.first == " " || line.first == "\t" {
        headers.continueLast(String(line.trimmed))
        continue
      }
      guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) else { throw .invalidHeader }
      let name = line[..<colon].trimmed
      guard !name.isEmpty, name.utf8.allSatisfy(\.isTokenByte) else { throw .invalidHeader }
      guard headers.fields.count < limits.headerCount else { throw .headTooLarge(limit: limits.headerCount) }
      headers.append(String(name), String(line[line.utf8.index(after: colon)...].trimmed))
    }
    return headers
  }

  private func contentLength(of message: RTSPMessage) throws(RTSPError) -> Int {
    let values: [String]
    switch message {
    case .request(let request): values = request.headers.all("Content-Length")
    case .response(let response): values = response.headers.all("Content-Length")
    case .interleaved: values = []
    }
    guard let first = values.first else { return 0 }
    guard values.allSatisfy({ $0 == first }), !first.isEmpty, first.utf8.allSatisfy({ (48...57).contains($0) }) else {
      throw .invalidContentLength
    }
    guard let length = Int(first), length <= limits.bodyBytes else {
      throw .bodyTooLarge(announced: Int(first) ?? .max, limit: limits.bodyBytes)
    }
    return length
  }
}

extension UInt8 {
  /// Whether the byte may stand in a token (RFC 2616 §2.2).
  fileprivate var isTokenByte: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "!#$%&'*+-.^_`|~".utf8.contains(self)
    }
  }
}

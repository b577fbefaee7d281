public import NIOCore

/// The members of a JSON object, found in bytes that are kept as they came. Only what is asked for is decoded.
///
/// Of members with the same name the last one counts, as in every browser.
public struct JSONObject: Sendable {
  private struct Member: Sendable {
    var name: String
    var token: JSONToken
  }

  /// The whole text, as it came.
  public let bytes: ByteBuffer
  private let members: [Member]
  private let limits: TelemetryLimits

  /// Reads a text that is one JSON object and nothing else.
  /// - Throws: ``TelemetryReject`` when it is too long, too deep, malformed, or something else than an object.
  public init(_ bytes: ByteBuffer, limits: TelemetryLimits = TelemetryLimits()) throws(TelemetryReject) {
    try self.init(bytes, byteLimit: limits.textBytes, limits: limits)
  }

  init(_ bytes: ByteBuffer, byteLimit: Int, limits: TelemetryLimits) throws(TelemetryReject) {
    let count = bytes.readableBytes
    guard count <= byteLimit else { throw .oversized(bytes: count, limit: byteLimit) }
    let result = bytes.withUnsafeReadableBytes { raw -> Result<[Member], JSONProblem> in
      Self.members(of: raw, at: 0..<raw.count, limits)
    }
    switch result {
    case .success(let found): members = found
    case .failure(.tooDeep): throw .tooDeep(limit: limits.depth)
    case .failure(.tooManyMembers): throw .tooManyMembers(limit: limits.members)
    case .failure(.malformed(let offset)):
      throw offset == Self.firstByte(of: bytes).offset && Self.startsOtherValue(bytes)
        ? .notAnObject : .malformed(offset: offset)
    }
    self.bytes = bytes
    self.limits = limits
  }

  private init(bytes: ByteBuffer, members: [Member], limits: TelemetryLimits) {
    self.bytes = bytes
    self.members = members
    self.limits = limits
  }

  private static func members(
    of raw: UnsafeRawBufferPointer, at range: Range<Int>, _ limits: TelemetryLimits
  ) -> Result<[Member], JSONProblem> {
    var members: [Member] = []
    do throws(JSONProblem) {
      let text = UnsafeRawBufferPointer(rebasing: raw.prefix(range.upperBound))
      var scanner = JSONScanner(text, from: range.lowerBound, depthLimit: limits.depth)
      scanner.skipSpace()
      try scanner.members(depth: 0) { name, token throws(JSONProblem) in
        guard members.count < limits.members else { throw .tooManyMembers }
        members.append(Member(name: JSONText.decode(.init(rebasing: text[name])), token: token))
      }
      scanner.skipSpace()
      guard scanner.isAtEnd else { throw .malformed(offset: scanner.index) }
      return .success(members)
    } catch {
      return .failure(error)
    }
  }

  private static func firstByte(of bytes: ByteBuffer) -> (offset: Int, byte: UInt8?) {
    let view = bytes.readableBytesView
    let space: Set<UInt8> = [0x20, 0x0A, 0x0D, 0x09]
    let offset = view.prefix { space.contains($0) }.count
    return (offset, view.dropFirst(offset).first)
  }

  /// Whether the text may be JSON, only not an object.
  private static func startsOtherValue(_ bytes: ByteBuffer) -> Bool {
    guard let first = firstByte(of: bytes).byte else { return false }
    return "[\"-0123456789tfn".utf8.contains(first)
  }

  // MARK: Members

  /// Names in the order of the text.
  public var names: [String] { members.map(\.name) }

  private func token(_ name: String) -> JSONToken? { members.last { $0.name == name }?.token }

  /// Whether there is such a member, and it is not `null`.
  public func has(_ name: String) -> Bool { token(name).map { $0.kind != .null } ?? false }

  /// The bytes of a member's value as they are.
  public func raw(_ name: String) -> ByteBuffer? { token(name).flatMap { slice($0.range) } }

  /// The text of a member; `nil` when there is none or it is no string.
  public func text(_ name: String) -> String? {
    guard let token = token(name), token.kind == .text else { return nil }
    return bytes.withUnsafeReadableBytes { JSONText.decode(.init(rebasing: $0[token.range])) }
  }

  /// The number of a member, nearest `Double`; `nil` when there is none or it is no number.
  public func number(_ name: String) -> Double? {
    guard let token = token(name), token.kind == .integer || token.kind == .real else { return nil }
    return digits(token.range).flatMap { Double($0) }
  }

  /// The exact integer of a member; `nil` when there is none, it is no integer, or needs more than 64 bit.
  public func integer(_ name: String) -> Int64? {
    guard let token = token(name), token.kind == .integer else { return nil }
    return digits(token.range).flatMap { Int64($0) }
  }

  /// The truth value of a member.
  public func boolean(_ name: String) -> Bool? {
    guard let token = token(name), token.kind == .boolean else { return nil }
    return token.range.count == 4
  }

  /// A member that is an object itself.
  public func object(_ name: String) -> JSONObject? {
    guard let token = token(name), token.kind == .object else { return nil }
    let found = bytes.withUnsafeReadableBytes { raw in
      Self.members(of: raw, at: token.range, limits)
    }
    guard case .success(let inner) = found else { return nil }
    return JSONObject(bytes: bytes, members: inner, limits: limits)
  }

  private func slice(_ range: Range<Int>) -> ByteBuffer? {
    bytes.getSlice(at: bytes.readerIndex + range.lowerBound, length: range.count)
  }

  private func digits(_ range: Range<Int>) -> String? {
    bytes.getString(at: bytes.readerIndex + range.lowerBound, length: range.count)
  }
}

extension JSONObject {
  /// A time in nanoseconds: an integer, kept exactly; a decimal string of one; or a number with fraction or exponent,
  /// which has the precision of a `Double`.
  /// - Returns: `nil` when there is no such member.
  /// - Throws: ``TelemetryReject/timestamp`` when it is something else, negative, or beyond 63 bit.
  public func nanoseconds(_ name: String) throws(TelemetryReject) -> Int64? {
    guard has(name) else { return nil }
    if let exact = integer(name) ?? text(name).flatMap({ Int64($0) }) {
      guard exact >= 0 else { throw .timestamp }
      return exact
    }
    // A text is at most as long as a `Double` written out.
    let written = text(name).flatMap { $0.utf8.count <= 32 ? Double($0) : nil }
    guard let real = number(name) ?? written, real >= 0, real < 9.2e18 else { throw .timestamp }
    return Int64(real)
  }
}

public import NIOCore

/// What ``verifyParser(_:expecting:makeParser:next:)`` found.
public struct ParserVerificationFailure: Error, CustomStringConvertible {
  public var description: String
}

/// Gives an incremental parser the same bytes in every way a network can deliver them: whole, in every split into two
/// parts, byte by byte, and three times over in one buffer; checks that the messages are the same each time and that
/// the input is left as it was.
///
/// - Parameters:
///   - input: the bytes of `expecting`.
///   - makeParser: a parser in its first state.
///   - next: takes the next message out of the buffer, or returns `nil` when it needs more.
public func verifyParser<Parser, Message: Equatable>(
  _ input: ByteBuffer, expecting messages: [Message], makeParser: () -> Parser,
  next: (inout Parser, inout ByteBuffer) throws -> Message?
) throws {
  let before = Array(input.readableBytesView)

  func run(_ parts: [ByteBuffer], expecting: [Message], _ how: String) throws {
    var parser = makeParser()
    var buffer = ByteBuffer()
    var got: [Message] = []
    for part in parts {
      buffer.writeImmutableBuffer(part)
      while let message = try next(&parser, &buffer) { got.append(message) }
    }
    guard got == expecting else {
      throw ParserVerificationFailure(description: "\(how): expected \(expecting), got \(got)")
    }
    guard buffer.readableBytes == 0 else {
      throw ParserVerificationFailure(description: "\(how): \(buffer.readableBytes) bytes are left")
    }
  }

  func part(_ range: Range<Int>) -> ByteBuffer { ByteBuffer(bytes: before[range]) }

  try run([input], expecting: messages, "whole")
  for split in 0...before.count {
    try run([part(0..<split), part(split..<before.count)], expecting: messages, "split at \(split)")
  }
  try run((0..<before.count).map { part($0..<($0 + 1)) }, expecting: messages, "byte by byte")
  try run([ByteBuffer(bytes: before + before + before)], expecting: messages + messages + messages, "three times over")
  guard Array(input.readableBytesView) == before else {
    throw ParserVerificationFailure(description: "the input was changed")
  }
}

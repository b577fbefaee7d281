import Compression
import MCAP
import MediaModel
import NIOCore
import PosixFiles
import ProtobufWire
import SessionEvents
import SessionLog

/// A session as an MCAP file: that of the session, completed where it lost its end; without one, made of video and key
/// frames.
struct SessionMCAPFile {
  private static let pieceBytes = 1 << 20
  private let folder: SessionFolder

  init(_ folder: SessionFolder) { self.folder = folder }

  func write(_ path: String) throws {
    let output = try OutputFile(path)
    if let source = folder.mcapPath, try copy(source, to: output) { return }
    try make(output)
  }

  /// - Returns: `false` where not even the head of the file is there.
  private func copy(_ path: String, to output: OutputFile) throws -> Bool {
    let file = try SessionMCAP(path: path).file
    var recovery = MCAPRecovery(compressions: ChunkCompression.all())
    while true {
      let piece = try file.read(at: output.bytes, count: Self.pieceBytes)
      guard piece.readableBytes > 0 else { break }
      recovery.receive(piece)
      try output.write(piece)
    }
    switch recovery.finish() {
    case .hopeless:
      try output.truncate(to: 0)
      return false
    case .whole: break
    case .repairable(let repair):
      try output.truncate(to: Int(repair.keep))
      try output.write(repair.tail)
    }
    try output.finish()
    return true
  }

  private func make(_ output: OutputFile) throws {
    var options = MCAPWriterOptions()
    options.compression = .zstd()
    var writer = MCAPWriter(options)
    var channels: [SessionTopic: UInt16] = [:]
    try output.write(writer.start())
    try output.write(
      writer.add(MCAPMetadata(name: "session", values: ["session_id": folder.name, "stream": folder.stream])))
    var messages = SessionMessages(stream: folder.stream)
    let events = try SessionEventStream(folder)
    while let event = try events.next() {
      for message in messages.messages(of: event) {
        let channel =
          try channels[message.topic]
          ?? {
            let type = message.topic.messageType
            let schema = try writer.addSchema(name: type.fullName, encoding: "protobuf", data: type.file.descriptorSet)
            return try writer.addChannel(topic: message.topic.name, schemaID: schema, messageEncoding: "protobuf")
          }()
        channels[message.topic] = channel
        // The age of a chunk is that of what was captured, so that the same session gives the same bytes.
        let piece = try writer.add(
          to: channel, logTime: message.time, at: HostTime(nanos: message.time.nanosSince1970)
        ) { message.message.encode(to: &$0) }
        if let piece { try output.write(piece) }
      }
    }
    try output.write(writer.finish())
    try output.finish()
  }
}

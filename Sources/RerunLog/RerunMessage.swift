public import NIOCore
import ProtobufWire

/// A message to a viewer or into a file. Source: `rerun/v1alpha1/log_msg.proto` of Rerun, which is not in all of it
/// documented; what Rerun 0.41 takes was measured.
public struct RerunMessage: Sendable {
  public enum Kind: UInt64, Hashable, Sendable {
    /// Names a store; goes in front of everything else of it.
    case storeInfo = 1
    /// A chunk of rows.
    case chunk = 2
    /// Makes a layout the one that is shown.
    case blueprintActivation = 3
  }

  public var kind: Kind
  /// The message without its wrapper.
  public var body: ByteBuffer
  /// What it says, of a chunk.
  private(set) var summary: RerunChunkSummary?

  /// What a chunk belongs to; `nil`: it is none.
  public var entity: String? { summary?.layout.entity }

  /// Bytes that it takes in memory.
  public var cost: Int { body.readableBytes + 256 }

  /// `WriteMessagesRequest` of the message proxy service, the message in its wrapper.
  public var request: ByteBuffer {
    var buffer = ByteBufferAllocator().buffer(capacity: body.readableBytes + 32)
    var wrapper = ByteBuffer()
    wrapper.writeProtobufVarint(kind.rawValue << 3 | 2)
    wrapper.writeProtobufVarint(UInt64(body.readableBytes))
    buffer.writeProtobuf(1, bytes: wrapper, body)
    return buffer
  }

  /// The version of Rerun whose form is written: major, minor, patch, and what else there is.
  static let version: [UInt8] = [0, 41, 0, 0]

  /// `SetStoreInfo`.
  static func storeInfo(_ store: RerunStore, id: RerunID) -> RerunMessage {
    var body = ByteBuffer()
    body.writeProtobuf(1) { id.encode(to: &$0) }
    body.writeProtobuf(2) { info in
      info.writeProtobuf(2) { store.encode(to: &$0) }
      info.writeProtobuf(5) { source in
        source.writeProtobuf(1, integer: 6)
        source.writeProtobuf(2) { $0.writeProtobuf(1, bytes: ByteBuffer(string: "worldsystem")) }
      }
      info.writeProtobuf(6) { version in
        let bits = Self.version.enumerated().reduce(Int64(0)) { $0 | Int64($1.element) << Int64(8 * $1.offset) }
        version.writeProtobuf(1, integer: bits)
      }
    }
    return RerunMessage(kind: .storeInfo, body: body)
  }

  /// `ArrowMsg`.
  /// - Parameter compressed: the payload as a block of LZ4, where it is to be sent like that.
  static func chunk(_ summary: RerunChunkSummary, payload: ByteBuffer, compressed: ByteBuffer?) -> RerunMessage {
    var body = ByteBufferAllocator().buffer(capacity: (compressed ?? payload).readableBytes + 128)
    body.writeProtobuf(1) { summary.store.encode(to: &$0) }
    body.writeProtobuf(2, integer: compressed == nil ? 1 : 2)
    body.writeProtobuf(3, integer: Int64(payload.readableBytes))
    body.writeProtobuf(4, integer: 1)
    body.writeProtobuf(5, bytes: compressed ?? payload)
    body.writeProtobuf(6) { summary.id.encode(to: &$0) }
    body.writeProtobuf(7, bool: summary.layout.timelines.isEmpty)
    return RerunMessage(kind: .chunk, body: body, summary: summary)
  }

  /// `BlueprintActivationCommand`: shown now, and where somebody asks for the usual layout.
  static func activation(_ store: RerunStore) -> RerunMessage {
    var body = ByteBuffer()
    body.writeProtobuf(1) { store.encode(to: &$0) }
    body.writeProtobuf(2, bool: true)
    body.writeProtobuf(3, bool: true)
    return RerunMessage(kind: .blueprintActivation, body: body)
  }
}

/// What the end of a file has to say of a chunk.
struct RerunChunkSummary: Sendable {
  let store: RerunStore
  let layout: RerunLayout
  let id: RerunID
  let rows: Int
  /// From the first to the last on each timeline.
  let ranges: [ClosedRange<Int64>]
  /// Of the payload, not compressed.
  let bytes: Int
  /// Places of the columns in which no row has an item.
  let emptyColumns: [Int]
}

extension RerunID {
  /// `rerun.common.v1alpha1.Tuid`.
  fileprivate func encode(to buffer: inout ByteBuffer) {
    buffer.writeProtobuf(1, fixed64: nanos)
    buffer.writeProtobuf(2, fixed64: increment)
  }
}

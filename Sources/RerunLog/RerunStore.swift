import NIOCore
import ProtobufWire

/// What Rerun calls a store: one recording, or the layout of a viewer.
public struct RerunStore: Hashable, Sendable {
  public enum Kind: Int64, Hashable, Sendable {
    case recording = 1
    case blueprint = 2
  }

  public var kind: Kind
  /// Names the recording: what comes with the same name, also over another connection, is added to it.
  public var id: String
  /// What kind of recording it is; layouts belong to an application. Letters, digits, `_` and `-`.
  public var application: String

  public init(_ kind: Kind = .recording, id: String, application: String) {
    self.kind = kind
    self.id = id
    self.application = application
  }

  /// `rerun.common.v1alpha1.StoreId`.
  func encode(to buffer: inout ByteBuffer) {
    buffer.writeProtobuf(1, integer: kind.rawValue)
    buffer.writeProtobuf(2, text: id)
    buffer.writeProtobuf(3) { $0.writeProtobuf(1, text: application) }
  }
}

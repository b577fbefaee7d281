/// A message that carries a file or a part of one.
public enum UploadMessage: Hashable, Sendable {
  /// A whole file.
  case whole(name: String, content: String)
  /// A file begins; how many parts, if the phone says so.
  case start(name: String, chunks: Int?)
  /// A part.
  case chunk(name: String, index: Int, content: String)
  /// That was the file.
  case complete(name: String, chunks: Int?)

  /// - Returns: `nil` for messages of other types.
  /// - Throws: ``TelemetryReject/field(_:)`` and ``TelemetryReject/range(_:)``.
  init?(_ object: JSONObject, type: String) throws(TelemetryReject) {
    switch type {
    case "file_upload":
      self = .whole(name: try object.required("fileName"), content: try object.required("fileContent"))
    case "file_upload_start": self = .start(name: try object.required("fileName"), chunks: try object.chunks())
    case "file_upload_chunk":
      let name = try object.required("fileName")
      guard let index = object.integer("chunkIndex") else { throw .field("chunkIndex") }
      guard (0...1_000_000).contains(index) else { throw .range("chunkIndex") }
      self = .chunk(name: name, index: Int(index), content: try object.required("chunk"))
    case "file_upload_complete": self = .complete(name: try object.required("fileName"), chunks: try object.chunks())
    default: return nil
    }
  }
}

extension JSONObject {
  fileprivate func required(_ name: String) throws(TelemetryReject) -> String {
    guard let text = text(name) else { throw .field(name) }
    return text
  }

  fileprivate func chunks() throws(TelemetryReject) -> Int? {
    guard let count = integer("totalChunks") else { return nil }
    guard (0...1_000_000).contains(count) else { throw .range("totalChunks") }
    return Int(count)
  }
}

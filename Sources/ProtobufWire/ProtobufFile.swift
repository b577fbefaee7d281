/// What a `.proto` file says, so that readers without it can take messages apart.
public struct ProtobufFile: Sendable {
  /// Its path, `/` between folders.
  public var name: String
  public var package: String
  public var messages: [ProtobufMessageType]
  /// The file's options as they are encoded, in order.
  public var options: [Option]

  /// An option of a file, by its field number in `FileOptions`.
  public enum Option: Sendable {
    case text(Int, String)
    case bool(Int, Bool)
  }

  public init(_ name: String, package: String, options: [Option] = [], messages: [ProtobufMessageType]) {
    self.name = name
    self.package = package
    self.options = options
    self.messages = messages
  }

  /// The files of the messages that this one uses, by name.
  var dependencies: [ProtobufFile] {
    var found: [String: ProtobufFile] = [:]
    for field in messages.flatMap(\.fields) {
      if case .message(let file, _) = field.type { found[file.name] = file }
    }
    return found.sorted { $0.key < $1.key }.map(\.value)
  }
}

/// A message of a file.
public struct ProtobufMessageType: Sendable {
  public var name: String
  public var fields: [ProtobufFieldType]
  public var enumerations: [ProtobufEnumeration]

  public init(_ name: String, enumerations: [ProtobufEnumeration] = [], _ fields: [ProtobufFieldType]) {
    self.name = name
    self.fields = fields
    self.enumerations = enumerations
  }
}

/// A field of a message.
public struct ProtobufFieldType: Sendable {
  public indirect enum Kind: Sendable {
    case double
    case int64
    case int32
    case fixed32
    case bool
    case string
    case bytes
    /// A message by its name in its file.
    case message(ProtobufFile, String)
    /// An enumeration by its full name, without a dot in front.
    case enumeration(String)
  }

  /// How often it stands in a message.
  public enum Presence: Sendable {
    case implicit
    /// `optional`: whether it is there can be told from its default.
    case explicit
    case repeated
  }

  public var name: String
  public var number: Int
  public var type: Kind
  public var presence: Presence

  public init(_ number: Int, _ name: String, _ type: Kind, _ presence: Presence = .implicit) {
    self.name = name
    self.number = number
    self.type = type
    self.presence = presence
  }

  /// The name in JSON: without underscores, the letter behind each in capitals.
  var jsonName: String {
    var result = ""
    var isUpper = false
    for character in name {
      if character == "_" {
        isUpper = true
      } else {
        result += isUpper ? character.uppercased() : String(character)
        isUpper = false
      }
    }
    return result
  }
}

/// An enumeration within a message.
public struct ProtobufEnumeration: Sendable {
  public var name: String
  /// Names by rising value, the first of them 0.
  public var values: [String]

  public init(_ name: String, _ values: [String]) {
    self.name = name
    self.values = values
  }
}

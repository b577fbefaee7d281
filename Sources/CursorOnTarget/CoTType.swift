/// What a thing is, as letters of MIL-STD-2525 with dashes.
public struct CoTType: Hashable, Sendable, CustomStringConvertible {
  public let description: String

  /// A friendly drone: air, military, fixed wing, unmanned.
  public static let drone = CoTType(unchecked: "a-f-A-M-F-Q")
  /// Something on the ground, of which is not known whose it is.
  public static let unknownOnGround = CoTType(unchecked: "a-u-G")

  private init(unchecked text: String) { description = text }

  /// What is known of things by their names, behind what says whose they are. People and vehicles count as civilian where
  /// there is such a type.
  ///
  /// Source: the list of types of MITRE's Cursor-on-Target, which follows MIL-STD-2525B.
  private static let kinds: [(kind: String, words: Set<String>)] = [
    ("G-U", ["person", "people", "man", "woman", "child", "boy", "girl", "pedestrian"]),
    ("G-E-V-C", ["car", "vehicle", "truck", "van", "bus", "motorcycle", "motorbike", "tractor"]),
    ("S-X", ["boat", "ship"]),
    ("A-C-F", ["airplane", "aeroplane", "plane", "aircraft"]),
    ("A-C-H", ["helicopter"]),
    ("G-I", ["building", "house"]),
  ]

  /// What a thing of this name is, as far as types have it; of the affiliation of `other`, as `u` of `a-u-G`.
  /// - Parameters:
  ///   - label: a name or a phrase; its last word that is known counts: a `fire truck` is a truck.
  ///   - other: what everything else is.
  public static func of(label: String, other: CoTType) -> CoTType {
    let parts = other.description.split(separator: "-")
    guard parts.count > 1, parts[0] == "a" else { return other }
    for word in label.lowercased().split(whereSeparator: { !$0.isLetter }).reversed().map(String.init) {
      let singular = word.hasSuffix("s") ? String(word.dropLast()) : word
      guard let found = kinds.first(where: { $0.words.contains(word) || $0.words.contains(singular) }) else { continue }
      return CoTType(unchecked: "a-\(parts[1])-\(found.kind)")
    }
    return other
  }

  /// - Returns: `nil` of what is not letters and digits with dashes between them, or longer than 64.
  public init?(_ text: String) {
    let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    let isFine =
      parts.count > 1 && text.utf8.count <= 64
      && parts.allSatisfy { part in !part.isEmpty && part.allSatisfy { Character(UnicodeScalar($0)).isLetterOrDigit } }
    guard isFine else { return nil }
    description = text
  }
}

extension Character {
  fileprivate var isLetterOrDigit: Bool { isASCII && (isLetter || isNumber) }
}

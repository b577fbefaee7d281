import Foundation

/// The name of an uploaded file: one path component that means the same on every system, and is no file that a
/// recording makes itself.
public struct UploadFileName: Hashable, Sendable, CustomStringConvertible {
  /// Bytes of a name; file systems take 255, and there must be room for a number.
  public static let byteLimit = 200
  /// A phone uploads logs. Recordings have files of other types beside them, which nobody may forge.
  public static let types: Set<String> = ["csv", "tsv", "txt", "log"]

  /// In normal form C.
  public let text: String

  /// - Throws: ``UploadProblem/name`` or ``UploadProblem/type``.
  public init(_ name: String) throws(UploadProblem) {
    guard name.utf8.count <= Self.byteLimit else { throw .name }
    let text = name.precomposedStringWithCanonicalMapping
    // What looks like a separator or a device only after compatibility mapping must not get through either.
    guard Self.isPlain(text), Self.isPlain(name.precomposedStringWithCompatibilityMapping) else { throw .name }
    guard let dot = text.lastIndex(of: "."), Self.types.contains(text[dot...].dropFirst().lowercased()) else {
      throw .type
    }
    self.text = text
  }

  /// The name with a number in front of its type, for when the name is taken: `log-1.csv`.
  public func numbered(_ number: Int) -> String {
    guard let dot = text.lastIndex(of: ".") else { return "\(text)-\(number)" }
    return "\(text[..<dot])-\(number)\(text[dot...])"
  }

  public var description: String { text }

  private static func isPlain(_ name: String) -> Bool {
    guard (1...Self.byteLimit).contains(name.utf8.count), let first = name.unicodeScalars.first,
      let last = name.unicodeScalars.last
    else { return false }
    guard first != ".", first != " ", first != "-", first != "~", last != ".", last != " " else { return false }
    return name.unicodeScalars.allSatisfy(isAllowed) && !isDevice(name)
  }

  private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    if "/\\:*?\"<>|".unicodeScalars.contains(scalar) { return false }
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: return false
    case .spaceSeparator: return scalar == " "
    default: return true
    }
  }

  /// Names of devices on Windows, whatever follows their first dot.
  private static func isDevice(_ name: String) -> Bool {
    var stem = name.prefix { $0 != "." }.uppercased()
    while stem.hasSuffix(" ") { stem.removeLast() }
    if ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"].contains(stem) { return true }
    guard stem.hasPrefix("COM") || stem.hasPrefix("LPT"), stem.count == 4, let digit = stem.last else { return false }
    return "0123456789¹²³".contains(digit)
  }
}

/// Why a file was not taken.
public enum UploadProblem: String, Error, Hashable, Sendable, CaseIterable {
  /// Not a plain file name.
  case name
  /// Not a type of file that phones upload.
  case type
  /// The file is larger than allowed.
  case tooLarge = "too_large"
  /// The phone has too many files under way.
  case tooManyOpen = "too_many_open"
  /// A file of this name is under way already.
  case alreadyOpen = "already_open"
  /// A part or an end without a beginning.
  case notStarted = "not_started"
  /// Parts came too far ahead of one that is missing.
  case tooFarAhead = "too_far_ahead"
  /// The end came, and parts are missing.
  case missingChunks = "missing_chunks"
  /// The phone was silent for too long, or went away.
  case abandoned
  /// The disk does not take it, or not as fast as it comes.
  case storage
}

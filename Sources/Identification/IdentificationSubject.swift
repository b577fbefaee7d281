/// An object that is to be identified.
public struct IdentificationSubject: Sendable {
  public var objectID: Int
  /// What detection calls it; may be empty.
  public var label: String
  /// Its picture.
  public var jpeg: [UInt8]
  /// Of its picture.
  public var hash: PerceptualHash
  /// Where anybody can load the picture from; `nil` where nobody can.
  public var publicURL: String?

  public init(objectID: Int, label: String, jpeg: [UInt8], hash: PerceptualHash, publicURL: String? = nil) {
    self.objectID = objectID
    self.label = label
    self.jpeg = jpeg
    self.hash = hash
    self.publicURL = publicURL
  }
}

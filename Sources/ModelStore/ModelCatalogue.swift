import Foundation

/// The models that can be prepared.
public struct ModelCatalogue: Decodable, Sendable {
  public struct Entry: Decodable, Sendable {
    public var name: String
    public var title: String
    /// `sam2`, `edgetam`, `grounding-dino` or `mm-grounding-dino`.
    public var family: String
    public var parameters: Int
    /// Of its checkpoint; absent for random weights.
    public var repository: String?
    public var licence: String
    /// Of the pictures that it looks at, unless asked otherwise.
    public var width: Int
    public var height: Int

    /// Bytes of its weights as 32-bit floats, which is what a checkpoint and each form of its networks take.
    public var bytes: Int { 4 * parameters }
    /// Whether it finds objects by words, rather than following them.
    public var isDetector: Bool { family.hasSuffix("grounding-dino") }
  }

  /// With official weights.
  public var models: [Entry]
  /// With tiny random weights, for tests.
  public var tiny: [Entry]

  /// What this program knows.
  public static let known: ModelCatalogue = {
    guard let file = ExporterFile.all.first(where: { $0.path == "catalogue.json" }),
      let catalogue = try? JSONDecoder().decode(ModelCatalogue.self, from: file.content)
    else { preconditionFailure("the catalogue that is embedded cannot be read") }
    return catalogue
  }()

  public func entry(_ name: String) -> Entry? { (models + tiny).first { $0.name == name } }
}

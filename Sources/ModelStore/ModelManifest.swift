import Foundation
public import Inference

/// `manifest.json` of a prepared model: what its networks take and say, and what its files are.
public struct ModelManifest: Decodable, Sendable {
  public static let fileName = "manifest.json"

  public struct File: Decodable, Hashable, Sendable {
    public var bytes: Int
    /// In hexadecimal digits.
    public var sha256: String
  }

  public struct Picture: Decodable, Hashable, Sendable {
    public var width: Int
    public var height: Int
    /// By channel, as shares of white.
    public var mean: [Float]
    public var std: [Float]
  }

  public struct Graph: Decodable, Sendable {
    struct Port: Decodable, Sendable {
      var name: String
      var element: String
      var shape: [Int?]
    }

    struct Check: Decodable, Sendable {
      var largest: Double
      var relative: Double
      var rms: Double
      var limit: Double
    }

    var inputs: [Port]
    var outputs: [Port]
    var checks: [String: Check]

    /// What the network takes and says.
    /// - Throws: ``ModelFault`` for elements that are unknown.
    public func signature(_ graph: String) throws -> ModelSignature {
      func specifications(_ ports: [Port]) throws -> [TensorSpecification] {
        try ports.map { port in
          guard let element = TensorElement(rawValue: port.element) else {
            throw ModelFault("\(graph), tensor \(port.name): expected float32 or int64, found \(port.element)")
          }
          return TensorSpecification(port.name, element, port.shape)
        }
      }
      return ModelSignature(inputs: try specifications(inputs), outputs: try specifications(outputs))
    }
  }

  public var name: String
  public var title: String
  public var family: String
  public var licence: String
  /// Of the stored weights: `f32`, `bf16` or `int8`.
  public var precision: String
  public var image: Picture
  public var graphs: [String: Graph]
  public var files: [String: File]

  public var bytes: Int { files.values.map(\.bytes).reduce(0, +) }

  /// Reads the manifest of a model's folder.
  /// - Throws: ``ModelFault``
  public init(folder: URL) throws {
    let file = folder.appending(path: Self.fileName)
    do {
      self = try JSONDecoder().decode(ModelManifest.self, from: Data(contentsOf: file))
    } catch {
      throw ModelFault("\(file.path) cannot be read: \(error)")
    }
  }
}

/// A model is not what its manifest says, or the manifest is none.
public struct ModelFault: Error, Hashable, CustomStringConvertible {
  public var description: String
  public init(_ description: String) { self.description = description }
}

/// A folder of models, each in a folder of its own.
public struct ModelStore: Sendable {
  public let folder: URL

  public init(folder: URL) { self.folder = folder }

  /// The names of the prepared models, sorted.
  public func names() -> [String] {
    let found = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return found.filter { name in
      !name.hasPrefix(".")
        && FileManager.default.fileExists(atPath: folder.appending(path: "\(name)/\(ModelManifest.fileName)").path)
    }.sorted()
  }

  /// - Throws: ``ModelFault``
  public func manifest(_ name: String) throws -> ModelManifest {
    try ModelManifest(folder: folder.appending(path: name))
  }
}

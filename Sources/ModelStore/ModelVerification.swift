import Crypto
import Foundation
public import Inference

/// Whether a prepared model is what its manifest says: its files byte for byte, its networks by what they take and say.
public struct ModelVerification: Sendable {
  /// One thing that was looked at.
  public struct Finding: Hashable, Sendable {
    /// A file or network of the model.
    public var subject: String
    public var detail: String
    public var isFault: Bool

    public init(subject: String, detail: String, isFault: Bool) {
      self.subject = subject
      self.detail = detail
      self.isFault = isFault
    }
  }

  /// How much more than when the model was made a network may differ from PyTorch here: another processor adds its sums in
  /// another order.
  private static let tolerance = 4.0
  /// The share of a detector's boxes that may be others: which of two places with nearly the same score comes first hangs on
  /// the last bit.
  private static let otherBoxes = 0.05

  private let folder: URL
  private let manifest: ModelManifest

  /// - Throws: ``ModelFault`` when there is no manifest.
  public init(_ name: String, in store: ModelStore) throws {
    folder = store.folder.appending(path: name)
    manifest = try store.manifest(name)
  }

  /// The names of its networks, sorted.
  public var graphs: [String] { manifest.graphs.keys.sorted() }

  /// Computes the digest of every file again.
  public func files() -> [Finding] {
    manifest.files.sorted { $0.key < $1.key }.map { name, known in
      let place = folder.appending(path: name)
      guard let found = try? Self.digest(of: place) else {
        return Finding(subject: name, detail: "cannot be read", isFault: true)
      }
      guard found.bytes == known.bytes else {
        return Finding(
          subject: name, detail: "expected \(known.bytes) bytes, found \(found.bytes)", isFault: true)
      }
      guard found.sha256 == known.sha256 else {
        return Finding(
          subject: name, detail: "expected SHA-256 \(known.sha256), found \(found.sha256)", isFault: true)
      }
      return Finding(subject: name, detail: "\(known.bytes) bytes", isFault: false)
    }
  }

  /// Loads a network, holds it to its signature, and runs it on the inputs that it was checked with when it was made.
  /// - Parameters:
  ///   - name: what the backend calls it.
  ///   - runs: how often; each time the results are compared.
  public func graph(
    _ graph: String, on backend: any InferenceBackend, as name: String, runs: Int = 1
  ) async -> Finding {
    do {
      guard let described = manifest.graphs[graph] else { throw ModelFault("is not in the manifest") }
      let model = try await backend.load(name, as: try described.signature(graph))
      let inputs = try tensors(described.inputs.map(\.name), graph, "in")
      let golden = try tensors(described.outputs.map(\.name), graph, "out")
      let limit = Self.tolerance * (described.checks["openvino"]?.limit ?? 1e-4)
      var largest = 0.0
      for _ in 0..<runs {
        largest = max(largest, try compared(await model.run(inputs), golden, limit: limit, graph: graph))
      }
      return Finding(
        subject: graph, detail: "differs from PyTorch by \(Self.short(largest)) at most", isFault: false)
    } catch {
      return Finding(subject: graph, detail: "\(error)", isFault: true)
    }
  }

  private func tensors(_ names: [String], _ graph: String, _ direction: String) throws -> [String: Tensor] {
    var tensors: [String: Tensor] = [:]
    for name in names {
      tensors[name] = try TensorFile.read(folder.appending(path: "\(graph).\(direction).\(name).npy"))
    }
    return tensors
  }

  /// - Returns: the largest difference from the golden outputs, as a share of their largest number.
  /// - Throws: ``ModelFault`` when that is too much.
  private func compared(
    _ outputs: [String: Tensor], _ golden: [String: Tensor], limit: Double, graph: String
  ) throws -> Double {
    var largest = 0.0
    for (name, reference) in golden.sorted(by: { $0.key < $1.key }) {
      guard let found = outputs[name], found.shape == reference.shape, found.element == .float32 else {
        throw ModelFault("\(name): expected a tensor \(reference.shape), found \(outputs[name]?.shape ?? [])")
      }
      let difference = Self.difference(found, reference, inRows: graph == "gd_detect")
      guard difference <= limit else {
        throw ModelFault("\(name): differs from PyTorch by \(Self.short(difference)), more than \(Self.short(limit))")
      }
      largest = max(largest, difference)
    }
    return largest
  }

  /// The largest difference as a share of the largest number, or of 1.
  /// - Parameter inRows: leave out the worst rows of the last axis, for boxes.
  private static func difference(_ found: Tensor, _ reference: Tensor, inRows: Bool) -> Double {
    let size = max(1, reference.floats.reduce(0) { max($0, abs($1)) })
    let width = inRows ? max(1, reference.shape.last ?? 1) : max(1, reference.floats.count)
    guard !reference.floats.isEmpty else { return 0 }
    let rows = stride(from: 0, to: reference.floats.count, by: width).map { start in
      (start..<start + width).reduce(Float(0)) { worst, place in
        let off = abs(found.floats[place] - reference.floats[place])
        return off.isFinite ? max(worst, off) : .infinity
      }
    }.sorted()
    let left = inRows ? Int((otherBoxes * Double(rows.count)).rounded(.down)) : 0
    return Double(rows[rows.count - 1 - min(left, rows.count - 1)] / size)
  }

  private static func short(_ number: Double) -> String {
    String(format: "%.1e", number)
  }

  private static func digest(of file: URL) throws -> ModelManifest.File {
    let handle = try FileHandle(forReadingFrom: file)
    defer { try? handle.close() }
    var digest = SHA256()
    var bytes = 0
    while let block = try handle.read(upToCount: 1 << 20), !block.isEmpty {
      digest.update(data: block)
      bytes += block.count
    }
    return ModelManifest.File(bytes: bytes, sha256: digest.finalize().map { String(hexByte: $0) }.joined())
  }
}

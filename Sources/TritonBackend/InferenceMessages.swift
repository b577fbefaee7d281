package import Inference

/// The calls of the Open Inference Protocol, version 2, that are used here, with their messages.
///
/// Source: Open Inference Protocol, `open_inference_grpc.proto`; tensors travel as raw bytes, in little-endian order.
package enum OpenInference {
  package static let service = "inference.GRPCInferenceService"

  /// `ModelReadyRequest` and `ModelMetadataRequest`, which begin with the name.
  package static func query(model: String) -> [UInt8] {
    var writer = ProtocolBufferWriter()
    writer.field(1, model)
    return writer.bytes
  }

  /// `ServerReadyResponse` and `ModelReadyResponse`.
  package static func isReady(_ bytes: UnsafeRawBufferPointer) throws(ProtocolBufferFault) -> Bool {
    var reader = ProtocolBufferReader(bytes)
    var isReady = false
    while let (number, value) = try reader.next() {
      if number == 1, case .number(let flag) = value { isReady = flag != 0 }
    }
    return isReady
  }

  /// The name of numbers in the protocol.
  package static func dataType(_ element: TensorElement) -> String {
    switch element {
    case .float32: "FP32"
    case .int64: "INT64"
    }
  }

  package static func element(_ dataType: String) -> TensorElement? {
    TensorElement.allCases.first { Self.dataType($0) == dataType }
  }

  /// `ModelInferRequest`: all inputs as they lie in memory.
  package static func inferRequest(
    model: String, inputs: [(name: String, tensor: Tensor)], outputs: [String]
  ) -> [UInt8] {
    var writer = ProtocolBufferWriter()
    let size = inputs.reduce(0) { $0 + $1.tensor.values.withUnsafeBytes(\.count) }
    writer.reserve(size + 256 * (1 + inputs.count + outputs.count))
    writer.field(1, model)
    for (name, tensor) in inputs {
      writer.field(5) { input in
        input.field(1, name)
        input.field(2, dataType(tensor.element))
        input.field(3, tensor.shape)
      }
    }
    for name in outputs { writer.field(6) { $0.field(1, name) } }
    for (_, tensor) in inputs { tensor.values.withUnsafeBytes { writer.field(7, $0) } }
    return writer.bytes
  }
}

/// `ModelMetadataResponse`: what a model takes and says.
package struct ModelMetadata: Hashable {
  package struct Port: Hashable {
    package var name = ""
    package var dataType = ""
    /// -1 for sizes that each run chooses.
    package var shape: [Int64] = []

    package init(_ bytes: UnsafeRawBufferPointer) throws(ProtocolBufferFault) {
      var reader = ProtocolBufferReader(bytes)
      while let (number, value) = try reader.next() {
        switch (number, value) {
        case (1, .bytes(let text)): name = String(decoding: text, as: UTF8.self)
        case (2, .bytes(let text)): dataType = String(decoding: text, as: UTF8.self)
        case (3, _): shape += try ProtocolBufferReader.numbers(value)
        default: continue
        }
      }
    }
  }

  package var name = ""
  package var inputs: [Port] = []
  package var outputs: [Port] = []

  package init(_ bytes: UnsafeRawBufferPointer) throws(ProtocolBufferFault) {
    var reader = ProtocolBufferReader(bytes)
    while let (number, value) = try reader.next() {
      switch (number, value) {
      case (1, .bytes(let text)): name = String(decoding: text, as: UTF8.self)
      case (4, .bytes(let port)): inputs.append(try Port(port))
      case (5, .bytes(let port)): outputs.append(try Port(port))
      default: continue
      }
    }
  }

  /// - Throws: ``InferenceError/wrongTensor(model:tensor:expected:found:)`` for numbers that ``Tensor`` does not hold.
  package func signature(model: String) throws(InferenceError) -> ModelSignature {
    var (ins, outs): ([TensorSpecification], [TensorSpecification]) = ([], [])
    for port in inputs { ins.append(try specification(port, model)) }
    for port in outputs { outs.append(try specification(port, model)) }
    return ModelSignature(inputs: ins, outputs: outs)
  }

  private func specification(_ port: Port, _ model: String) throws(InferenceError) -> TensorSpecification {
    guard let element = OpenInference.element(port.dataType) else {
      throw .wrongTensor(model: model, tensor: port.name, expected: "FP32 or INT64", found: port.dataType)
    }
    return TensorSpecification(port.name, element, port.shape.map { $0 < 0 ? nil : Int($0) })
  }
}

/// `ModelInferResponse`: what a model said.
package struct InferResponse: Hashable {
  /// By name.
  package private(set) var outputs: [String: Tensor] = [:]

  /// - Parameter signature: of the model; outputs that are not in it are left out.
  /// - Throws: ``InferenceError``, with the tensor that is not as the signature says.
  package init(_ bytes: UnsafeRawBufferPointer, of signature: ModelSignature, model: String) throws(InferenceError) {
    var (ports, contents): ([ModelMetadata.Port], [UnsafeRawBufferPointer]) = ([], [])
    do {
      var reader = ProtocolBufferReader(bytes)
      while let (number, value) = try reader.next() {
        switch (number, value) {
        case (5, .bytes(let port)): ports.append(try ModelMetadata.Port(port))
        case (6, .bytes(let content)): contents.append(content)
        default: continue
        }
      }
    } catch {
      throw .runFailed(model: model, reason: "\(error)")
    }
    guard contents.count == ports.count else {
      throw .runFailed(model: model, reason: "\(ports.count) outputs come with the bytes of \(contents.count)")
    }
    for expected in signature.outputs {
      guard let place = ports.firstIndex(where: { $0.name == expected.name }) else {
        throw .wrongTensor(model: model, tensor: expected.name, expected: "\(expected)", found: "no such output")
      }
      outputs[expected.name] = try Self.tensor(ports[place], contents[place], expected, model)
    }
  }

  private static func tensor(
    _ port: ModelMetadata.Port, _ content: UnsafeRawBufferPointer, _ expected: TensorSpecification, _ model: String
  ) throws(InferenceError) -> Tensor {
    let shape = port.shape.map { Int(clamping: $0) }
    let found = "\(port.dataType) \(shape) of \(content.count) bytes"
    guard let element = OpenInference.element(port.dataType), shape.allSatisfy({ $0 >= 0 }),
      expected.accepts(TensorSpecification(port.name, element, shape))
    else { throw .wrongTensor(model: model, tensor: port.name, expected: "\(expected)", found: found) }
    var bytes = element == .float32 ? 4 : 8
    for size in shape {
      let (product, isTooLarge) = bytes.multipliedReportingOverflow(by: size)
      guard !isTooLarge else {
        throw .wrongTensor(model: model, tensor: port.name, expected: "\(expected)", found: found)
      }
      bytes = product
    }
    guard bytes == content.count else {
      throw .wrongTensor(model: model, tensor: port.name, expected: "\(bytes) bytes", found: found)
    }
    switch element {
    case .float32: return Tensor(numbers(content, of: Float.self), shape: shape)
    case .int64: return Tensor(numbers(content, of: Int64.self), shape: shape)
    }
  }

  private static func numbers<Number: BitwiseCopyable>(_ bytes: UnsafeRawBufferPointer, of: Number.Type) -> [Number] {
    [Number](unsafeUninitializedCapacity: bytes.count / MemoryLayout<Number>.size) { target, count in
      UnsafeMutableRawBufferPointer(target).copyMemory(from: bytes)
      count = bytes.count / MemoryLayout<Number>.size
    }
  }
}

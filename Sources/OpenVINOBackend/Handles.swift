// The owners of OpenVINO's handles. They share a file, because no handle leaves the file that made it.
#if OpenVINO
  import COpenVINO
  import Inference

  /// Why a call failed.
  private func reason(_ status: ov_status_e) -> String {
    if let message = ov_get_last_err_msg() {
      defer { ov_free(message) }
      let text = String(cString: message)
      if !text.isEmpty { return text }
    }
    return String(cString: ov_get_error_info(status))
  }

  /// OpenVINO's core: the owner of its plug-ins.
  struct Runtime: ~Copyable {
    private let core: OpaquePointer

    init() throws(InferenceError) {
      var core: OpaquePointer?
      let status = ov_core_create(&core)
      guard status == OK, let core else { throw .unavailable(reason: "OpenVINO does not start: \(reason(status))") }
      self.core = core
    }

    deinit { ov_core_free(core) }

    /// Reads a model's file.
    func read(model: String, path: String) throws(InferenceError) -> ModelDescription {
      var handle: OpaquePointer?
      let status = ov_core_read_model(core, path, nil, &handle)
      guard status == OK, let handle else { throw .cannotLoad(model: model, reason: reason(status)) }
      return ModelDescription(takingOwnershipOf: handle)
    }

    /// Makes a model ready to run.
    func compile(
      _ description: borrowing ModelDescription, model: String, options: OpenVINOOptions
    ) throws(InferenceError) -> Request {
      var handle: OpaquePointer?
      let status = withProperties(options.properties) {
        ov_core_compile_model_props(core, description.handle, "CPU", $0.count, $0.baseAddress, &handle)
      }
      guard status == OK, let handle else { throw .cannotLoad(model: model, reason: reason(status)) }
      // The request keeps what it needs of the compiled model alive.
      defer { ov_compiled_model_free(handle) }
      var request: OpaquePointer?
      let created = ov_compiled_model_create_infer_request(handle, &request)
      guard created == OK, let request else { throw .cannotLoad(model: model, reason: reason(created)) }
      return Request(takingOwnershipOf: request)
    }

    /// Gives the texts of properties to `body`, as C wants them.
    private func withProperties(
      _ properties: [(key: String, value: String)], _ body: (UnsafeBufferPointer<ov_property_t>) -> ov_status_e
    ) -> ov_status_e {
      var texts: [CChar] = []
      var offsets: [(key: Int, value: Int)] = []
      for (key, value) in properties {
        offsets.append((texts.count, texts.count + key.utf8CString.count))
        texts += key.utf8CString + value.utf8CString
      }
      return texts.withUnsafeBufferPointer { texts in
        let entries = offsets.map { offset in
          ov_property_t(key: texts.baseAddress! + offset.key, value: texts.baseAddress! + offset.value)
        }
        return entries.withUnsafeBufferPointer(body)
      }
    }
  }

  /// A model as its file describes it.
  struct ModelDescription: ~Copyable {
    fileprivate let handle: OpaquePointer

    fileprivate init(takingOwnershipOf handle: OpaquePointer) { self.handle = handle }

    deinit { ov_model_free(handle) }

    /// The tensors that go in and come out.
    /// - Throws: ``InferenceError/wrongTensor(model:tensor:expected:found:)`` for elements that ``Tensor`` does not hold.
    func signature(model: String) throws(InferenceError) -> ModelSignature {
      var (inputCount, outputCount) = (0, 0)
      guard ov_model_inputs_size(handle, &inputCount) == OK, ov_model_outputs_size(handle, &outputCount) == OK else {
        throw .cannotLoad(model: model, reason: reason(GENERAL_ERROR))
      }
      var (inputs, outputs): ([TensorSpecification], [TensorSpecification]) = ([], [])
      for index in 0..<inputCount {
        inputs.append(try specification(index, model) { ov_model_const_input_by_index($0, $1, &$2) })
      }
      for index in 0..<outputCount {
        outputs.append(try specification(index, model) { ov_model_const_output_by_index($0, $1, &$2) })
      }
      return ModelSignature(inputs: inputs, outputs: outputs)
    }

    private func specification(
      _ index: Int, _ model: String, _ get: (OpaquePointer, Int, inout OpaquePointer?) -> ov_status_e
    ) throws(InferenceError) -> TensorSpecification {
      var port: OpaquePointer?
      let status = get(handle, index, &port)
      guard status == OK, let port else { throw .cannotLoad(model: model, reason: reason(status)) }
      defer { ov_output_const_port_free(port) }
      var text: UnsafeMutablePointer<CChar>?
      guard ov_port_get_any_name(port, &text) == OK, let text else {
        throw .cannotLoad(model: model, reason: "tensor \(index) has no name")
      }
      defer { ov_free(text) }
      let name = String(cString: text)
      var type = DYNAMIC
      var shape = ov_partial_shape_t()
      guard ov_port_get_element_type(port, &type) == OK, ov_port_get_partial_shape(port, &shape) == OK else {
        throw .cannotLoad(model: model, reason: "tensor \(name): \(reason(GENERAL_ERROR))")
      }
      defer { ov_partial_shape_free(&shape) }
      guard shape.rank.min == shape.rank.max else {
        throw .wrongTensor(model: model, tensor: name, expected: "a fixed number of axes", found: "any number of axes")
      }
      let sizes = (0..<Int(shape.rank.min)).map { axis -> Int? in
        let size = shape.dims[axis]
        return size.min == size.max ? Int(size.min) : nil
      }
      guard let element = TensorElement(type) else {
        throw .wrongTensor(
          model: model, tensor: name, expected: "float32 or int64",
          found: "elements of OpenVINO's type \(type.rawValue)")
      }
      return TensorSpecification(name, element, sizes)
    }
  }

  /// Runs a compiled model, one run at a time.
  struct Request: ~Copyable {
    private let handle: OpaquePointer

    fileprivate init(takingOwnershipOf handle: OpaquePointer) { self.handle = handle }

    deinit { ov_infer_request_free(handle) }

    /// Runs the model on the inputs where they lie, and copies what it says.
    /// - Parameter inferred: learns how long OpenVINO computed.
    func run(
      _ inputs: [String: Tensor], of signature: ModelSignature, model: String, inferred: (Duration) -> Void
    ) throws(InferenceError) -> [String: Tensor] {
      inferred(try bind(signature.inputs[...], to: inputs, model: model))
      var outputs: [String: Tensor] = [:]
      for output in signature.outputs { outputs[output.name] = try value(of: output, model: model) }
      return outputs
    }

    /// Hands over the inputs one by one, each inside the other's access to its memory, and then infers.
    /// - Returns: how long that took.
    private func bind(
      _ specifications: ArraySlice<TensorSpecification>, to inputs: [String: Tensor], model: String
    ) throws(InferenceError) -> Duration {
      guard let specification = specifications.first else {
        let start = ContinuousClock.now
        let status = ov_infer_request_infer(handle)
        guard status == OK else { throw .runFailed(model: model, reason: reason(status)) }
        return start.duration(to: .now)
      }
      guard let tensor = inputs[specification.name] else {
        throw .wrongTensor(model: model, tensor: specification.name, expected: "\(specification)", found: "nothing")
      }
      return try tensor.values.withUnsafeBytes { bytes throws(InferenceError) in
        try set(specification.name, tensor, bytes, model)
        return try bind(specifications.dropFirst(), to: inputs, model: model)
      }
    }

    private func set(
      _ name: String, _ tensor: Tensor, _ bytes: UnsafeRawBufferPointer, _ model: String
    ) throws(InferenceError) {
      var sizes = tensor.shape.map(Int64.init)
      var created: OpaquePointer?
      let status = sizes.withUnsafeMutableBufferPointer { sizes in
        // OpenVINO only reads its inputs; its interface knows no pointer to constants.
        ov_tensor_create_from_host_ptr(
          tensor.element.type, ov_shape_t(rank: Int64(sizes.count), dims: sizes.baseAddress),
          UnsafeMutableRawPointer(mutating: bytes.baseAddress), &created)
      }
      guard status == OK, let created else {
        throw .runFailed(model: model, reason: "tensor \(name): \(reason(status))")
      }
      defer { ov_tensor_free(created) }
      let bound = ov_infer_request_set_tensor(handle, name, created)
      guard bound == OK else { throw .runFailed(model: model, reason: "tensor \(name): \(reason(bound))") }
    }

    private func value(of output: TensorSpecification, model: String) throws(InferenceError) -> Tensor {
      var tensor: OpaquePointer?
      let status = ov_infer_request_get_tensor(handle, output.name, &tensor)
      guard status == OK, let tensor else {
        throw .runFailed(model: model, reason: "tensor \(output.name): \(reason(status))")
      }
      defer { ov_tensor_free(tensor) }
      var (shape, count, data, type) = (ov_shape_t(), 0, UnsafeMutableRawPointer?.none, DYNAMIC)
      guard ov_tensor_get_shape(tensor, &shape) == OK else {
        throw .runFailed(model: model, reason: "tensor \(output.name) has no shape")
      }
      defer { ov_shape_free(&shape) }
      guard ov_tensor_get_size(tensor, &count) == OK, ov_tensor_data(tensor, &data) == OK, let data,
        ov_tensor_get_element_type(tensor, &type) == OK, type == output.element.type
      else { throw .runFailed(model: model, reason: "tensor \(output.name) cannot be read") }
      let sizes = (0..<Int(shape.rank)).map { Int(shape.dims[$0]) }
      return switch output.element {
      case .float32: Tensor(copy(data, count, as: Float.self), shape: sizes)
      case .int64: Tensor(copy(data, count, as: Int64.self), shape: sizes)
      }
    }

    private func copy<Number: BitwiseCopyable>(
      _ data: UnsafeMutableRawPointer, _ count: Int, as number: Number.Type
    ) -> [Number] {
      Array(UnsafeBufferPointer(start: data.assumingMemoryBound(to: number), count: count))
    }
  }

  extension TensorElement {
    fileprivate init?(_ type: ov_element_type_e) {
      guard let element = Self.allCases.first(where: { $0.type == type }) else { return nil }
      self = element
    }

    fileprivate var type: ov_element_type_e {
      switch self {
      case .float32: F32
      case .int64: I64
      }
    }
  }
#endif

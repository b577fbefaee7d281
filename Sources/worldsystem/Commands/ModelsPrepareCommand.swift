import ArgumentParser
import Foundation
import ModelStore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

struct ModelsPrepareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prepare",
    abstract: "Make networks of a checkpoint, and check them.",
    discussion: """
      Makes a Python environment with pinned packages in the folder of models (some gigabytes, once), fetches the official \
      checkpoint, exports its networks to OpenVINO and ONNX, checks each against PyTorch, and writes a manifest with \
      sizes and digests. A run that was interrupted goes on where it was. `worldsystem models list` has the names.

      EXAMPLES
        worldsystem models prepare edgetam
        worldsystem models prepare grounding-dino-tiny --size 960x540
        worldsystem models prepare sam2.1-hiera-tiny --precision int8
        worldsystem models prepare llmdet-tiny --from ~/checkpoints/llmdet_tiny --triton triton
        worldsystem models prepare --random tiny --models /tmp/models
      """)

  @OptionGroup var options: ModelsOptions

  @Argument(help: ArgumentHelp("Models of the catalogue.", valueName: "name"))
  var names: [String] = []

  @Option(
    name: .customLong("from"),
    help: ArgumentHelp(
      "Folder with the checkpoint in the form of Hugging Face, instead of fetching it.", valueName: "folder"),
    completion: .directory)
  var source: String?

  @Option(help: ArgumentHelp("Version of the checkpoint to fetch: a branch, tag or commit.", valueName: "revision"))
  var revision = "main"

  @Option(help: ArgumentHelp("How weights are stored: f32, bf16 or int8.", valueName: "precision"))
  var precision = Precision.f32

  @Option(
    help: ArgumentHelp(
      "Pixels that the model looks at, such as 512, or 960x540 for detectors. (default: as it was trained)",
      valueName: "size"))
  var size: String?

  @Flag(inversion: .prefixedNo, help: "Write ONNX too.")
  var onnx = true

  @Option(
    help: ArgumentHelp(
      "Random weights in the official sizes (full), or small ones for tests (tiny; all kinds without a name).",
      valueName: "size"))
  var random: RandomSize?

  @Option(help: ArgumentHelp("Seed of random weights.", valueName: "number"))
  var seed: Int?

  @Option(
    help: ArgumentHelp("Write a model repository for Triton Inference Server too.", valueName: "folder"),
    completion: .directory)
  var triton: String?

  @Option(help: ArgumentHelp("What runs the models there: onnxruntime or openvino.", valueName: "back-end"))
  var tritonBackend = TritonBackEnd.onnxruntime

  @Option(
    help: ArgumentHelp(
      "Folder for the Python environment. (default: .python in the folder of models)", valueName: "folder"),
    completion: .directory)
  var environment: String?

  @Option(
    help: ArgumentHelp("Take this Python, with whatever packages it has, instead.", valueName: "file"),
    completion: .file())
  var python: String?

  enum Precision: String, ExpressibleByArgument { case f32, bf16, int8 }
  enum RandomSize: String, ExpressibleByArgument { case tiny, full }
  enum TritonBackEnd: String, ExpressibleByArgument { case onnxruntime, openvino }

  func validate() throws {
    let catalogue = ModelCatalogue.known
    let known = (random == .tiny ? catalogue.tiny : []) + catalogue.models
    for name in names where !known.contains(where: { $0.name == name }) {
      throw ValidationError("there is no model “\(name)”; there are \(known.map(\.name).joined(separator: ", "))")
    }
    if names.isEmpty, random != .tiny { throw ValidationError("which model? see worldsystem models list") }
    if source != nil, names.count != 1 || random != nil {
      throw ValidationError("--from is for one model, and not random weights")
    }
    if seed != nil, random == nil { throw ValidationError("--seed is for --random") }
    if triton != nil, tritonBackend == .onnxruntime, !onnx { throw ValidationError("--triton needs ONNX here") }
    let entries = names.compactMap { catalogue.entry($0) }
    for entry in entries { _ = try pixels(for: entry) }
  }

  /// Width and height that `--size` says.
  private func pixels(for entry: ModelCatalogue.Entry) throws -> (width: Int, height: Int)? {
    guard let size else { return nil }
    let numbers = size.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard (1...2).contains(numbers.count), numbers.allSatisfy({ (64...4096).contains($0) }) else {
      throw ValidationError("--size is a number from 64 to 4096, or two with x between, not “\(size)”")
    }
    // Of one number, detectors look at pictures as wide as most videos.
    let height = numbers.count == 2 ? numbers[1] : entry.isDetector ? (numbers[0] * 9 + 8) / 16 : numbers[0]
    guard entry.isDetector || (numbers[0] == height && height.isMultiple(of: 64)) else {
      throw ValidationError("\(entry.name) looks at squares of a multiple of 64 pixels, not \(size)")
    }
    return (numbers[0], height)
  }

  func run() throws {
    let exporter = try ExporterFile.write(into: options.store.folder.appending(path: ".exporter"))
    let python = try Self.python3()
    var arguments = ["python3", "-u", exporter.appending(path: "worldsystem_models/environment.py").path]
    arguments += ["--folder", environment ?? options.store.folder.appending(path: ".python").path]
    if let file = self.python { arguments += ["--python", file] }
    arguments += ["--"] + names + ["--models", options.store.folder.path, "--precision", precision.rawValue]
    if let source { arguments += ["--from", URL(fileURLWithPath: source).path] }
    if source == nil, random == nil { arguments += ["--revision", revision] }
    if let random { arguments += ["--random", random.rawValue] }
    if let seed { arguments += ["--seed", "\(seed)"] }
    if let entry = names.first.flatMap(ModelCatalogue.known.entry), let pixels = try pixels(for: entry) {
      arguments += ["--width", "\(pixels.width)", "--height", "\(pixels.height)"]
    }
    if !onnx { arguments.append("--no-onnx") }
    if let triton {
      arguments += ["--triton", URL(fileURLWithPath: triton).path, "--triton-backend", tritonBackend.rawValue]
    }
    // Python takes this process's place, and with it its terminal, signals and exit code.
    let pointers = arguments.map { strdup($0) } + [nil]
    execv(python, pointers)
    throw CommandFailure(.unavailable, "\(python) does not start: \(String(cString: strerror(errno)))")
  }

  /// The interpreter that makes the environment.
  private static func python3() throws -> String {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    guard let python = folders.map({ "\($0)/python3" }).first(where: FileManager.default.isExecutableFile) else {
      throw CommandFailure(.unavailable, "preparing models needs python3, with its module venv; it is not in PATH")
    }
    return python
  }
}

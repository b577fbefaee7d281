import ArgumentParser
import Foundation
import Inference
import ModelStore
import OpenVINOBackend
import TritonBackend

struct ModelsVerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check prepared models: files, signatures and results.",
    discussion: """
      Computes the digest of every file again, loads each network, holds it to its manifest, and runs it on the input \
      that it was checked with. With --triton the networks run on that server instead. Exits with 1 when anything differs.

      EXAMPLES
        worldsystem models verify
        worldsystem models verify edgetam --models /srv/models
        worldsystem models verify --triton 127.0.0.1:8001
      """)

  @OptionGroup var options: ModelsOptions

  @Argument(help: ArgumentHelp("Models to look at. (default: all)", valueName: "name"))
  var names: [String] = []

  @Option(
    help: ArgumentHelp(
      "Server of the Open Inference Protocol, with the networks as MODEL.NETWORK.", valueName: "host:port"))
  var triton: String?

  @Option(help: ArgumentHelp("How long a run on the server may take, with new tries.", valueName: "seconds"))
  var deadline = 10.0

  @Option(help: ArgumentHelp("How often each network runs.", valueName: "count"))
  var runs = 1

  @Flag(help: "Print what is right too.")
  var verbose = false

  func validate() throws {
    if let triton, TritonOptions(triton) == nil { throw ValidationError("--triton is HOST:PORT, not “\(triton)”") }
    guard (0.1...3_600).contains(deadline) else { throw ValidationError("--deadline is 0.1 to 3600 seconds") }
    guard (1...1_000_000).contains(runs) else { throw ValidationError("--runs is 1 to 1000000") }
  }

  func run() async throws {
    guard !options.store.names().isEmpty else {
      throw CommandFailure(.usage, "there are no models in \(options.store.folder.path)")
    }
    for name in names where !options.store.names().contains(name) {
      throw CommandFailure(.usage, "there is no model “\(name)” in \(options.store.folder.path)")
    }
    let faults: Int
    if let server = triton.flatMap({ TritonOptions($0, deadline: .seconds(deadline)) }) {
      faults = try await onServer(server)
    } else {
      do throws(InferenceError) {
        faults = await verified(on: try OpenVINOBackend(folder: options.store.folder.path))
      } catch {
        Console.print("note  networks were not loaded: \(error)")
        faults = await verified(on: nil)
      }
    }
    if faults > 0 { throw ExitCode(ExitStatus.failure.rawValue) }
  }

  private func onServer(_ server: TritonOptions) async throws -> Int {
    let backend: TritonBackend
    do {
      backend = try TritonBackend(server)
    } catch {
      throw CommandFailure(.unavailable, "\(error)")
    }
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await backend.run() }
      defer { group.cancelAll() }
      guard await backend.isReady() else {
        throw CommandFailure(
          .unavailable, "no server of the Open Inference Protocol answers at \(server.host):\(server.port)")
      }
      return await verified(on: backend)
    }
  }

  /// - Returns: how much was wrong.
  private func verified(on backend: (any InferenceBackend)?) async -> Int {
    var faults = 0
    for name in names.isEmpty ? options.store.names() : names {
      let findings = await findings(name, on: backend)
      let wrong = findings.count { $0.isFault }
      faults += wrong
      if wrong == 0 { Console.print("ok    \(name): \(findings.count) files and networks are as prepared") }
    }
    return faults
  }

  private func findings(
    _ name: String, on backend: (any InferenceBackend)?
  ) async -> [ModelVerification.Finding] {
    var findings: [ModelVerification.Finding] = []
    func add(_ found: [ModelVerification.Finding]) {
      for finding in found where finding.isFault || verbose {
        Console.print("\(finding.isFault ? "FAIL" : "ok  ")  \(name)/\(finding.subject): \(finding.detail)")
      }
      findings += found
    }
    do {
      let verification = try ModelVerification(name, in: options.store)
      add(verification.files())
      // A network whose file is damaged is not worth loading.
      guard let backend, !findings.contains(where: \.isFault) else { return findings }
      for graph in verification.graphs {
        add([await verification.graph(graph, on: backend, as: "\(name)/\(graph)", runs: runs)])
      }
    } catch {
      add([.init(subject: ModelManifest.fileName, detail: "\(error)", isFault: true)])
    }
    return findings
  }
}

import Compression
import Foundation
import MCAP
import MediaModel
import NIOCore
import PosixFiles
import ProtobufWire

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Measures writing MCAP files: our writer, Python's `mcap` and Foxglove's SDK in turn, the same messages, several times
/// over.
public struct MCAPBenchmark: Sendable {
  /// What to run.
  public struct Plan: Sendable {
    public var workloads = MCAPWorkload.allCases
    /// `none`, `lz4`, `zstd`.
    public var compressions = ["none", "lz4", "zstd"]
    /// Of messages that a round writes.
    public var megabytes = 200
    public var rounds = 5
    /// Where files are written, and deleted again.
    public var folder: String
    /// The Python interpreter that has the other writers, and the script that uses them; `nil` leaves them out.
    public var python: (interpreter: String, script: String)?

    public init(folder: String) { self.folder = folder }
  }

  private let plan: Plan
  private let progress: @Sendable (String) -> Void

  /// - Parameter progress: told what is being measured.
  public init(plan: Plan, progress: @escaping @Sendable (String) -> Void = { _ in }) {
    self.plan = plan
    self.progress = progress
  }

  /// - Throws: ``MCAPBenchmarkError``, failures of the disk.
  public func run() throws -> MCAPBenchmarkReport {
    try Folder.make(plan.folder)
    var rows: [MCAPBenchmarkReport.Row] = []
    for workload in plan.workloads {
      let payloads = workload.payloads()
      let payloadFile = "\(plan.folder)/payloads-\(workload.rawValue).bin"
      try store(payloads, of: workload, in: payloadFile)
      defer { try? Folder.remove(payloadFile) }
      for compression in plan.compressions {
        var rounds: [MCAPBenchmarkClient: [MCAPBenchmarkReport.Measurement]] = [:]
        for round in 1...plan.rounds {
          for client in plan.python == nil ? [.worldsystem] : MCAPBenchmarkClient.allCases {
            progress("\(workload.rawValue), \(compression), \(client.rawValue), round \(round) of \(plan.rounds)")
            let measured =
              client == .worldsystem
              ? try write(workload, payloads, compression)
              : try writeWithPython(client, workload, payloadFile, compression)
            rounds[client, default: []].append(measured)
          }
        }
        for client in MCAPBenchmarkClient.allCases {
          guard let measured = rounds[client] else { continue }
          rows.append(.init(workload: workload, compression: compression, client: client, rounds: measured))
        }
      }
    }
    return MCAPBenchmarkReport(processors: ProcessInfo.processInfo.activeProcessorCount, rows: rows)
  }

  // MARK: Our writer

  private func write(
    _ workload: MCAPWorkload, _ payloads: [ByteBuffer], _ compression: String
  ) throws -> MCAPBenchmarkReport.Measurement {
    let path = "\(plan.folder)/\(workload.rawValue).mcap"
    defer { try? Folder.remove(path) }
    let file = try OpenFile(path, flags: O_RDWR | O_CREAT | O_TRUNC, mode: 0o644, for: .create)
    let messages = workload.messages(megabytes: plan.megabytes)
    var options = MCAPWriterOptions()
    options.compression = ChunkCompression.all().first { $0.name == compression }
    let (started, cpu) = (Self.seconds(CLOCK_MONOTONIC), Self.seconds(CLOCK_PROCESS_CPUTIME_ID))
    var writer = MCAPWriter(options)
    var offset = 0
    var bytes = 0
    func put(_ piece: ByteBuffer?) throws {
      guard let piece else { return }
      let (written, failure) = file.write(piece, at: offset)
      if let failure { throw failure }
      offset += written
    }
    try put(writer.start())
    let type = workload.messageType
    let schema = try writer.addSchema(name: type.fullName, encoding: "protobuf", data: type.file.descriptorSet)
    let channel = try writer.addChannel(topic: "/benchmark", schemaID: schema, messageEncoding: "protobuf")
    for index in 0..<messages {
      let payload = payloads[index % payloads.count]
      bytes += payload.readableBytes
      let time = WallTime(nanosSince1970: 1_700_000_000_000_000_000 + Int64(index) * 1_000)
      // Chunks end by size alone, as those of the others.
      try put(try writer.add(payload, to: channel, logTime: time, at: HostTime(nanos: 0)))
    }
    try put(writer.finish())
    return .init(
      messages: messages, bytes: bytes, fileBytes: offset, seconds: Self.seconds(CLOCK_MONOTONIC) - started,
      cpuSeconds: Self.seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu)
  }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  // MARK: The others

  /// The schema and the messages, each behind its length in 32 bits.
  private func store(_ payloads: [ByteBuffer], of workload: MCAPWorkload, in path: String) throws {
    var buffer = ByteBuffer()
    for piece in [workload.messageType.file.descriptorSet] + payloads {
      buffer.writeInteger(UInt32(piece.readableBytes))
      buffer.writeImmutableBuffer(piece)
    }
    try Data(buffer.readableBytesView).write(to: URL(fileURLWithPath: path))
  }

  private func writeWithPython(
    _ client: MCAPBenchmarkClient, _ workload: MCAPWorkload, _ payloads: String, _ compression: String
  ) throws -> MCAPBenchmarkReport.Measurement {
    guard let (interpreter, script) = plan.python else { throw MCAPBenchmarkError.python("not asked for") }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: interpreter)
    let path = "\(plan.folder)/\(client.rawValue).mcap"
    defer { try? Folder.remove(path) }
    process.arguments = [
      script, "--client", client.rawValue, "--payloads", payloads, "--schema", workload.messageType.fullName,
      "--messages", "\(workload.messages(megabytes: plan.megabytes))", "--compression", compression, "--output", path,
    ]
    let output = Pipe()
    process.standardOutput = output
    do { try process.run() } catch { throw MCAPBenchmarkError.python("\(interpreter) does not start") }
    // The script prints one short line, at its end.
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0,
      let measured = try? JSONDecoder().decode(MCAPBenchmarkReport.Measurement.self, from: text)
    else { throw MCAPBenchmarkError.python("\(interpreter) \(script) ended with \(process.terminationStatus)") }
    return measured
  }
}

/// Why there are no figures.
public enum MCAPBenchmarkError: Error, Hashable, Sendable, CustomStringConvertible {
  case python(String)

  public var description: String {
    switch self {
    case .python(let reason): "the other writers cannot be measured: \(reason)"
    }
  }
}

import CRelayLoad
import Foundation

/// A relay under test, as a child process on a port of its own.
final class ServerProcess {
  let port: UInt16
  private let process = Process()

  /// Starts it and waits until it takes connections, 20 seconds at most.
  init(_ server: BenchmarkedServer, port: UInt16) throws {
    self.port = port
    let arguments = server.command.map { $0 == "PORT" ? "\(port)" : $0 }
    process.executableURL = URL(fileURLWithPath: arguments[0])
    process.arguments = Array(arguments.dropFirst())
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    for _ in 0..<400 {
      guard process.isRunning else { break }
      var probe: Int32 = -1
      if ws_load_open(port, "/ws/h264_stream?stream=probe", 1, &probe) == 1 {
        close(probe)
        return
      }
      usleep(50_000)
    }
    stop()
    throw RelayBenchmarkError.serverDidNotStart(arguments.joined(separator: " "))
  }

  deinit { stop() }

  /// Ends it and waits for its end.
  func stop() {
    guard process.isRunning else { return }
    process.terminate()
    for _ in 0..<100 where process.isRunning { usleep(50_000) }
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }

  /// The process.
  var pid: Int32 { process.processIdentifier }

  /// Resident memory in bytes, from /proc.
  func residentBytes() throws -> Int {
    guard let text = try? String(contentsOfFile: "/proc/\(pid)/statm", encoding: .utf8),
      let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    else { throw RelayBenchmarkError.noUsage(pid: pid) }
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }
}

/// Why a benchmark could not be run.
public enum RelayBenchmarkError: Error, CustomStringConvertible {
  case serverDidNotStart(String)
  case noUsage(pid: Int32)
  case load(String)

  public var description: String {
    switch self {
    case .serverDidNotStart(let command): "the server did not take connections within 20 s: \(command)"
    case .noUsage(let pid): "the server (process \(pid)) ended during the measurement"
    case .load(let what): "the load generator failed: \(what)"
    }
  }
}

import ArgumentParser
import Foundation
import MapFormats
import Sessions

struct SessionsExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a session in other formats.",
    discussion: """
      mp4      the video as one file, not encoded again
      mcap     everything, for Foxglove and Rerun; completed where the recording was cut off
      rrd      everything, for Rerun
      gpx, geojson, kml   the path by GPS
      csv      a folder of tables: video, imu, gps, poses, objects, identifications, log
      srt      subtitles: time, place, what was found
      colmap   a folder with key frames, poses and points as COLMAP's text model
      ply      the points of the map

      Each file gets its name when it is complete. Times are capture times on the server's clock.

      EXAMPLES
        worldsystem sessions export latest --format mp4 --format gpx
        worldsystem sessions export 20261129_060000 --format csv --output tables
        worldsystem sessions export latest --format geojson --output - | jq .bbox
      """)

  @Argument(help: ArgumentHelp("The session.", valueName: "session"))
  var session: String

  @Option(
    help: ArgumentHelp("\(SessionFormat.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "format"))
  var format: [SessionFormat]

  @Option(
    help: ArgumentHelp(
      "Folder for the files; or the file, where it is one; - is standard output. (default: .)",
      valueName: "folder|file|-"),
    completion: .directory)
  var output: String?

  @Option(
    help: ArgumentHelp(
      "camera.json with the lens, for colmap. (default: as recorded, or a usual phone's)", valueName: "file"),
    completion: .file())
  var camera: String?

  @OptionGroup var options: SessionsOptions

  func run() throws {
    let folder = try options.session(session)
    let formats = SessionFormat.allCases.filter(format.contains)
    guard !formats.isEmpty else { throw ValidationError("--format says what to write") }
    let targets = try formats.map { format in
      (
        format,
        try SessionExport.path(of: format, session: folder.name, output: output, isOnly: formats.count == 1)
      )
    }
    var export = SessionExport(folder)
    export.camera = try lens()
    let showsProgress = output != "-" && isatty(STDERR_FILENO) == 1
    if showsProgress { export.onProgress = { Self.show($0) } }
    let notes = try export.write(targets)
    if showsProgress { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
    for note in notes { Console.error("worldsystem: \(note)") }
    if output != "-" { for (_, path) in targets { Console.print(path) } }
  }

  private static func show(_ part: Double) {
    FileHandle.standardError.write(Data("\r\(Int(part * 100)) %".utf8))
  }

  private func lens() throws -> CameraDescription? {
    guard let camera else { return nil }
    guard let json = FileManager.default.contents(atPath: camera) else {
      throw CommandFailure(.usage, "\(camera): it cannot be read")
    }
    do throws(MapFormatError) { return try CameraDescription(json: json) } catch {
      throw CommandFailure(.usage, "\(camera): \(error)")
    }
  }
}

extension SessionFormat: ExpressibleByArgument {}

import CodedMedia
import Foundation
import FragmentedMP4
import H264
import MediaModel
import NIOCore
import Testing
import TestSupport

/// What FFmpeg makes of the files.
@Suite(
  .enabled(if: Tool.isInstalled("ffprobe") && Tool.isInstalled("ffmpeg"), "FFmpeg's programs are not installed"),
  .enabled(if: TestData.has("videos"), "\(TestData.absent)"))
struct PlayableTests {
  /// The access units of an MP4 file, with its presentation times, microseconds from the first.
  private func units(_ name: String, folder: TemporaryFolder) throws -> [AccessUnit] {
    let path = try #require(TestData.url("videos/\(name)")).path
    let raw = folder.file("raw.h264")
    let copied = try Tool.run(
      "ffmpeg", ["-v", "error", "-i", path, "-c", "copy", "-bsf:v", "h264_mp4toannexb", raw.path])
    #expect(copied.status == 0, "\(copied.errors)")
    let times = try Tool.run(
      "ffprobe", ["-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time", "-of", "csv=p=0", path])
    let seconds = times.text.split(separator: "\n").compactMap { Double($0.split(separator: ",")[0]) }
    let stream = ByteBuffer(bytes: try Data(contentsOf: raw))
    var assembler = AccessUnitAssembler()
    let pictures =
      assembler.frame(stream, senderMicros: 0, now: HostTime(nanos: 0)).pictures + assembler.finish().pictures
    #expect(pictures.count == seconds.count)
    let first = try #require(seconds.min())
    return zip(pictures, seconds).enumerated().map { number, pair in
      let captured = FakeStream.origin.advanced(by: .seconds(pair.1 - first))
      return AccessUnit(
        picture: pair.0, sequence: UInt64(number + 1), capturedAt: captured, decodeAt: captured,
        receivedAt: HostTime(nanos: 0))
    }
  }

  private func write(
    _ units: [AccessUnit], to file: URL, finishes: Bool, cutting: Int = 0
  ) throws {
    let first = try #require(units.first)
    var writer = try FragmentedMP4Writer(
      parameterSets: first.parameterSets, origin: FakeStream.origin, purpose: .file)
    var bytes = writer.initializationSegment
    for unit in units {
      writer.add(unit)
      if writer.pendingDuration > .milliseconds(300), let fragment = writer.fragment(keepsLast: true) {
        bytes.writeImmutableBuffer(fragment)
      }
    }
    if finishes {
      let completion = writer.finish()
      bytes.writeImmutableBuffer(completion.trailer)
      for patch in completion.patches { bytes.setBuffer(patch.bytes, at: patch.offset) }
    }
    try Data(bytes.readableBytesView.dropLast(cutting)).write(to: file)
  }

  private func packets(_ file: URL) throws -> [(pts: Double, dts: Double, isKey: Bool)] {
    let output = try Tool.run(
      "ffprobe",
      ["-v", "error", "-show_entries", "packet=pts_time,dts_time,flags", "-of", "csv=p=0", file.path])
    #expect(output.errors.isEmpty, "\(output.errors)")
    return try output.text.split(separator: "\n").map { line in
      let fields = line.split(separator: ",")
      return (
        try #require(Double(fields[0])), try #require(Double(fields[1])), fields[2].hasPrefix("K")
      )
    }
  }

  private func decodedFrames(_ file: URL, seek: [String] = []) throws -> Int {
    let output = try Tool.run(
      "ffmpeg",
      ["-v", "error", "-xerror", "-err_detect", "explode"] + seek
        + ["-i", file.path, "-fps_mode", "passthrough", "-f", "framecrc", "-"])
    #expect(output.status == 0 && output.errors.isEmpty, "\(output.errors)")
    return output.text.split(separator: "\n").filter { !$0.hasPrefix("#") }.count
  }

  @Test(
    arguments: [
      "drone_nadir_hover_1080p25.mp4", "21_biker.mp4", "08_driving.mp4", "bedroom.mp4", "children_tracking_demo.mp4",
    ])
  func ffmpegPlaysWithTheTimesOfTheSource(name: String) throws {
    let folder = TemporaryFolder()
    let units = try units(name, folder: folder)
    let file = folder.file("video.mp4")
    try write(units, to: file, finishes: true)
    let packets = try packets(file)
    #expect(packets.count == units.count)
    for (packet, unit) in zip(packets, units) {
      #expect(abs(packet.pts - unit.capturedAt.since(FakeStream.origin).seconds) < 2e-6)
      #expect(packet.isKey == unit.isKeyFrame)
    }
    for (earlier, later) in zip(packets, packets.dropFirst()) { #expect(earlier.dts < later.dts) }
    #expect(try decodedFrames(file) == units.count)

    let format = try Tool.run(
      "ffprobe", ["-v", "error", "-show_entries", "format=duration,start_time", "-of", "csv=p=0", file.path])
    let fields = format.text.trimmingCharacters(in: .whitespacesAndNewlines).split(separator: ",")
    let span = try #require(units.map(\.capturedAt).max()).since(FakeStream.origin).seconds
    #expect(abs(try #require(Double(fields[0]))) < 0.1)
    #expect(abs(try #require(Double(fields[1])) - span) < 0.2)
  }

  @Test func playersSeek() throws {
    let folder = TemporaryFolder()
    let units = try units("drone_nadir_hover_1080p25.mp4", folder: folder)
    let file = folder.file("video.mp4")
    try write(units, to: file, finishes: true)
    // Only one key frame: decoding starts there, output at 5 s of 7.08.
    let frames = try decodedFrames(file, seek: ["-ss", "5"])
    #expect(abs(frames - (units.count - 125)) <= 1)
  }

  @Test(arguments: [1, 100, 20_000]) func aFileThatWasCutPlays(cutting: Int) throws {
    let folder = TemporaryFolder()
    let units = try units("drone_nadir_hover_1080p25.mp4", folder: folder)
    let file = folder.file("video.mp4")
    try write(units, to: file, finishes: false, cutting: cutting)
    let data = try Data(contentsOf: file)
    let index = try FragmentedMP4Index.scan(fileBytes: data.count) { offset, count in
      ByteBuffer(bytes: data[offset..<min(data.count, offset + count)])
    }
    var complete = ByteBuffer(bytes: data.prefix(index.completeBytes))
    let completion = index.completion()
    complete.writeImmutableBuffer(completion.trailer)
    for patch in completion.patches { complete.setBuffer(patch.bytes, at: patch.offset) }
    try Data(complete.readableBytesView).write(to: file)
    // Fragments of 0.3 s at 25 frames per second: at most nine frames each, two fragments at most are gone.
    let frames = try decodedFrames(file)
    #expect(frames >= units.count - 20 && frames < units.count)
  }

  @Test func aStreamOfSingleUnitsPlays() throws {
    let folder = TemporaryFolder()
    let units = try units("21_biker.mp4", folder: folder)
    var writer = try FragmentedMP4Writer(
      parameterSets: units[0].parameterSets, origin: FakeStream.origin, purpose: .stream)
    var bytes = writer.initializationSegment
    for unit in units { bytes.writeImmutableBuffer(writer.fragment(of: unit)) }
    let file = folder.file("stream.mp4")
    try Data(bytes.readableBytesView).write(to: file)
    #expect(try decodedFrames(file) == units.count)
  }
}

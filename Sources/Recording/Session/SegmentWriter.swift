import CodedMedia
import FragmentedMP4
import H264
import MediaModel
import NIOCore

/// One video file that is being written.
final class SegmentWriter {
  private(set) var metadata: SessionMetadata.File
  let sets: ParameterSets
  let startedAt: WallTime
  private(set) var lastCapturedAt: WallTime
  private var lastAddedAt: HostTime
  private let file: any DiskFile
  private var writer: FragmentedMP4Writer
  private let options: RecorderOptions
  /// Bytes of the file up to the end of the last whole fragment.
  private var goodBytes = 0
  private var hasUnsyncedBytes = false

  /// Makes the file and writes what precedes the first fragment.
  /// - Parameter first: the unit that will be added first, a key frame.
  init(
    first: AccessUnit, path: String, name: String, disk: any Disk, options: RecorderOptions, now: HostTime
  ) throws(RecordingError) {
    let sets = first.parameterSets
    do throws(H264Error) {
      writer = try FragmentedMP4Writer(parameterSets: sets, origin: first.capturedAt, purpose: .file)
    } catch {
      throw .parameterSets(error)
    }
    self.sets = sets
    self.options = options
    startedAt = first.capturedAt
    lastCapturedAt = first.capturedAt
    lastAddedAt = now
    metadata = SessionMetadata.File(
      name: name, start_time: first.capturedAt.secondsSince1970, duration_s: 0, frames: 0, bytes: 0,
      width: sets.resolution.width, height: sets.resolution.height, codec: sets.codecString)
    file = try disk.create(path)
    try append(writer.initializationSegment)
  }

  /// Adds a unit; writes a fragment when one is due.
  func add(_ unit: AccessUnit, now: HostTime) throws(RecordingError) {
    writer.add(unit)
    lastAddedAt = now
    // A key frame begins a fragment, so that seeking finds it; large pictures do not pile up in memory.
    let isDue =
      unit.isKeyFrame || writer.pendingDuration >= options.fragmentDuration || writer.pendingBytes >= 8 << 20
    if isDue, let fragment = writer.fragment(keepsLast: true) { try append(fragment) }
    // A unit whose fragment fails is none of the file's.
    lastCapturedAt = max(lastCapturedAt, unit.capturedAt)
    metadata.frames += 1
    metadata.duration_s = lastCapturedAt.since(startedAt).seconds
  }

  /// Writes what waits, when the stream has paused.
  func tick(now: HostTime) throws(RecordingError) {
    guard now.since(lastAddedAt) >= options.fragmentDuration, let fragment = writer.fragment() else { return }
    try append(fragment)
  }

  /// Makes what was written last through a power cut.
  func sync() throws(RecordingError) {
    guard hasUnsyncedBytes else { return }
    try file.sync()
    hasUnsyncedBytes = false
  }

  /// Writes the last fragment and the index.
  func finish() throws(RecordingError) {
    let completion = writer.finish()
    metadata.duration_s = writer.writtenDuration.seconds
    try append(completion.trailer)
    for patch in completion.patches { try file.write(patch.bytes, at: patch.offset) }
    try file.sync()
  }

  /// Makes the best of a file to which nothing can be added: the whole fragments that are in it play.
  func abandon() {
    try? file.truncate(to: goodBytes)
    guard let repaired = try? SegmentRepair.complete(file) else { return }
    metadata.frames = repaired.frames
    metadata.duration_s = repaired.durationSeconds
    metadata.bytes = repaired.bytes
  }

  private func append(_ bytes: ByteBuffer) throws(RecordingError) {
    try file.write(bytes, at: goodBytes)
    goodBytes += bytes.readableBytes
    metadata.bytes = goodBytes
    hasUnsyncedBytes = true
  }

  /// Bytes written so far.
  var bytesWritten: Int { goodBytes }

  /// The file got another name.
  func renamed(to name: String) { metadata.name = name }
}

/// Completes a file of whole fragments, as after a crash.
enum SegmentRepair {
  struct Result: Hashable {
    var frames: Int
    var durationSeconds: Double
    var bytes: Int
  }

  /// Cuts off what is incomplete, and writes durations and index.
  /// - Returns: `nil` when there is not one fragment.
  static func complete(_ file: any DiskFile) throws(RecordingError) -> Result? {
    var failure: RecordingError?
    let size = try file.size()
    let scanned = try? FragmentedMP4Index.scan(fileBytes: size) { offset, count in
      do throws(RecordingError) {
        return try file.read(at: offset, count: count)
      } catch {
        failure = error
        return nil
      }
    }
    if let failure { throw failure }
    guard let index = scanned, !index.fragments.isEmpty else { return nil }
    try file.truncate(to: index.completeBytes)
    let completion = index.completion()
    for patch in completion.patches { try file.write(patch.bytes, at: patch.offset) }
    // On a full disk there may be no room for the trailer; sidx and durations need none.
    let hasTrailer = (try? file.write(completion.trailer, at: index.completeBytes)) != nil
    if !hasTrailer { try file.truncate(to: index.completeBytes) }
    try file.sync()
    return Result(
      frames: index.samples, durationSeconds: Double(index.duration) / Double(FragmentedMP4Writer.timescale),
      bytes: index.completeBytes + (hasTrailer ? completion.trailer.readableBytes : 0))
  }
}

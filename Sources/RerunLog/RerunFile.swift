import Checksums
public import NIOCore

/// A recording as a file, `.rrd`: messages one after the other, and an end that says where each chunk is.
///
/// Source: rerun.io, "RRD format". A file without its end, of a process that was killed, opens all the same; two files one
/// after the other are one as well.
public struct RerunFile: Sendable {
  /// What comes first.
  private static var header: ByteBuffer {
    var buffer = ByteBuffer(string: mark)
    buffer.writeBytes(RerunMessage.version)
    // Compression is each chunk's own matter; messages are Protocol Buffers.
    buffer.writeMultipleIntegers(UInt8(0), UInt8(2), UInt16(0))
    return buffer
  }

  private static let mark = "RRF2"
  /// Of the checksum of the end.
  private static let seed: UInt32 = 7_850_921
  /// Chunks of which the end tells: it is made at once, and takes about 1.5 kB of memory for each.
  public static let mostChunks = 1 << 17

  private let compress: RerunCompression?
  private let chunkLimit: Int
  private var manifests: [(store: RerunStore, manifest: RerunManifest)] = []
  private var chunks = 0
  /// Bytes of the file up to the buffer.
  private var start = 0
  /// What has to be written next.
  private var buffer = Self.header

  /// A file with nothing in it.
  /// - Parameters:
  ///   - compress: for the end of the file; `nil`: it is stored as it is.
  ///   - chunkLimit: chunks of which the end tells; with more of them the file has no end, and opens all the same.
  public init(compress: RerunCompression? = nil, chunkLimit: Int = Self.mostChunks) {
    self.compress = compress
    self.chunkLimit = chunkLimit
  }

  /// Bytes that wait to be written.
  public var waitingBytes: Int { buffer.readableBytes }

  /// Appends a message.
  public mutating func add(_ message: RerunMessage) {
    buffer.writeInteger(message.kind.rawValue, endianness: .little)
    buffer.writeInteger(UInt64(message.body.readableBytes), endianness: .little)
    if let summary = message.summary, chunks <= chunkLimit { note(summary, bytes: message.body.readableBytes) }
    buffer.writeImmutableBuffer(message.body)
  }

  private mutating func note(_ summary: RerunChunkSummary, bytes: Int) {
    chunks += 1
    guard chunks <= chunkLimit else { return manifests = [] }
    let index = manifests.firstIndex { $0.store == summary.store } ?? manifests.count
    if index == manifests.count { manifests.append((summary.store, RerunManifest())) }
    manifests[index].manifest.add(summary, at: start + buffer.readableBytes, bytes: bytes)
  }

  /// Gives out what waits to be written, behind everything that was given out before.
  public mutating func take() -> ByteBuffer {
    start += buffer.readableBytes
    defer { buffer = ByteBuffer() }
    return buffer
  }

  /// Appends the end; nothing may be added afterwards.
  public mutating func finish() {
    guard !manifests.isEmpty else { return }
    var footer = ByteBuffer()
    for (store, manifest) in manifests { manifest.write(for: store, compress: compress, to: &footer) }
    // The kind of message that ends a file.
    buffer.writeInteger(UInt64(0))
    buffer.writeInteger(UInt64(footer.readableBytes), endianness: .little)
    let place = start + buffer.readableBytes
    buffer.writeImmutableBuffer(footer)
    buffer.writeInteger(UInt64(place), endianness: .little)
    buffer.writeInteger(UInt64(footer.readableBytes), endianness: .little)
    let checksum = footer.withUnsafeReadableBytes { XXHash32.checksum(of: $0, seed: Self.seed) }
    buffer.writeInteger(checksum, endianness: .little)
    buffer.writeString(Self.mark + "FOOT")
    // One footer.
    buffer.writeInteger(UInt32(1), endianness: .little)
    manifests = []
  }
}

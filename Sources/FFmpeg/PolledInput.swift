import CFFmpeg

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Standard input as libavformat reads it, except that a silent pipe does not hold the thread for ever: FFmpeg's own
/// pipe protocol blocks in `read` and cannot be interrupted.
final class PolledInput {
  private static let bufferBytes: Int32 = 64 << 10
  private let descriptor: Int32
  private let interrupt: IOInterrupt
  private(set) var context: UnsafeMutablePointer<AVIOContext>?

  /// - Parameter descriptor: readable; stays open when this object goes.
  init(descriptor: Int32, interrupt: IOInterrupt) throws(FFmpegError) {
    self.descriptor = descriptor
    self.interrupt = interrupt
    guard let buffer = av_malloc(Int(Self.bufferBytes)) else { throw .outOfMemory }
    context = avio_alloc_context(
      buffer.assumingMemoryBound(to: UInt8.self), Self.bufferBytes, 0, Unmanaged.passUnretained(self).toOpaque(),
      { opaque, buffer, size in
        guard let opaque, let buffer else { return ws_averror_einval }
        return Unmanaged<PolledInput>.fromOpaque(opaque).takeUnretainedValue().read(into: buffer, size)
      }, nil, nil)
    guard context != nil else {
      av_free(buffer)
      throw .outOfMemory
    }
  }

  deinit {
    // The library may have replaced the buffer, so free the one that is there now.
    av_free(context?.pointee.buffer)
    avio_context_free(&context)
  }

  private func read(into buffer: UnsafeMutablePointer<UInt8>, _ size: Int32) -> Int32 {
    while !interrupt.mustStop {
      var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let ready = poll(&wait, 1, 100)
      if ready < 0 && errno != EINTR { return ws_averror(errno) }
      guard ready > 0 else { continue }
      #if canImport(Glibc)
        let count = Glibc.read(descriptor, buffer, Int(size))
      #else
        let count = Darwin.read(descriptor, buffer, Int(size))
      #endif
      if count > 0 { return Int32(count) }
      if count == 0 { return ws_averror_eof }
      if errno != EINTR && errno != EAGAIN { return ws_averror(errno) }
    }
    return ws_averror_exit
  }
}

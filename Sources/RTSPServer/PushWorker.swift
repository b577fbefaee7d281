public import CodedMedia
public import FFmpeg
public import MediaModel
public import NIOCore
import NIOPosix
import RTP

/// What sends access units to another server; `FFmpeg.StreamPusher`, or a double in tests.
public protocol PushOutput {
  /// Sends one access unit, in decoding order. Blocks.
  func send(
    _ bytes: ByteBuffer, presentationTime: Nanoseconds, decodeTime: Nanoseconds, isKeyFrame: Bool
  ) throws(FFmpegError)
  /// Says goodbye. Blocks.
  func finish() throws(FFmpegError)
}

extension StreamPusher: PushOutput {}

/// Makes an output; blocks while it connects.
public typealias PushConnect =
  @Sendable (_ parameterSets: ParameterSets, _ interrupt: IOInterrupt) throws(FFmpegError) -> any PushOutput

/// The thread on which a push blocks, and what lives on it.
// Safe because `output` and `start` are touched only on the one thread of `pool`, and the rest is constant.
final class PushWorker: @unchecked Sendable {
  private let pool = NIOThreadPool(numberOfThreads: 1)
  private let connectOutput: PushConnect
  /// Ends whatever blocks, for good.
  let interrupt = IOInterrupt()
  private var output: (any PushOutput)?
  private var start: WallTime?

  init(connect: @escaping PushConnect) {
    connectOutput = connect
    pool.start()
  }

  /// Connects, ending the connection before.
  func connect(_ parameterSets: ParameterSets, startingAt start: WallTime) async throws {
    try await pool.runIfActive {
      self.disconnect()
      self.output = try self.connectOutput(parameterSets, self.interrupt)
      self.start = start
    }
  }

  /// Sends one access unit on the connection.
  func send(_ unit: AccessUnit, bytes: ByteBuffer) async throws {
    try await pool.runIfActive {
      guard let output = self.output, let start = self.start else { return }
      try output.send(
        bytes, presentationTime: unit.capturedAt.since(start), decodeTime: unit.decodeAt.since(start),
        isKeyFrame: unit.isKeyFrame)
    }
  }

  /// Ends the connection, if there is one; also in a task that was cancelled, which `runIfActive` would refuse.
  func finish() async {
    await withCheckedContinuation { continuation in
      pool.submit { _ in
        self.disconnect()
        continuation.resume()
      }
    }
  }

  /// Ends the thread.
  func stop() async {
    await finish()
    try? await pool.shutdownGracefully()
  }

  private func disconnect() {
    // When the other side is gone there is nobody to say goodbye to.
    try? output?.finish()
    output = nil
  }
}

import Relay
import Logging
import Clocks
import CodedMedia
import FFmpeg
import MediaModel
import NIOCore
import Observability
import Threading

extension ConsumerRunner {
  /// Decodes what comes in, on a thread of its own, and hands pictures to the consumers that want them.
  func decode(from input: Mailbox<FedUnit>) async {
    let thread = ThreadExecutor(name: "decoder")
    await withTaskExecutorPreference(thread) { await decodeHere(from: input) }
    for slot in slots where slot.demand.pictureInterval != nil { slot.finish() }
  }

  @concurrent private func decodeHere(from input: Mailbox<FedUnit>) async {
    var session: DecodingSession?
    var number = 0
    let errors = RateLimitedLogger(logger)
    while let (taken, skipped) = await input.take() {
      var fed = taken
      if session?.generation != fed.stream.generation {
        if let ended = session { await distribute(ended.finish(), &number) }
        do {
          session = try DecodingSession(fed, threads: options.decoderThreads, isLowDelay: feed.isLive)
        } catch {
          logger.error("video cannot be decoded", metadata: [.url: "\(feed.place)", .error: "\(error)"])
          session = nil
        }
      }
      number += skipped + fed.delivery.skipped
      guard let current = session else { continue }
      fed.decoding = beginDecoding(fed)
      do throws(FFmpegError) {
        await distribute(try current.decode(fed), &number)
      } catch {
        // The frame counts: numbers name frames of the source, whether they decode or not.
        number += 1
        fed.decoding?.failed(error)
        fed.decoding?.end()
        errors.log(
          level: .warning, "frame cannot be decoded", at: clocks.host(),
          metadata: [.frame: "\(fed.number)", .error: "\(error)"])
      }
    }
    if let session { await distribute(session.finish(), &number) }
  }

  private func beginDecoding(_ fed: FedUnit) -> FrameSpan? {
    let unit = fed.delivery.unit
    guard let span = options.tracing.begin(.decode, in: unit.trace) else { return nil }
    span.set(.url, feed.place)
    span.describe(sequence: unit.sequence, isKeyFrame: unit.isKeyFrame, bytes: unit.bytes.readableBytes)
    return span
  }

  private func distribute(_ pictures: [DecodedUnit], _ number: inout Int) async {
    for decoded in pictures {
      number += 1
      let frame = ConsumedFrame(
        number: number, unit: decoded.fed.delivery.unit, picture: decoded.picture, stream: decoded.fed.stream,
        trace: decoded.fed.decoding?.context ?? decoded.fed.delivery.unit.trace)
      for slot in slots { await slot.offer(frame) }
    }
  }
}

/// A picture and the unit it was coded in.
struct DecodedUnit {
  var picture: Picture
  var fed: FedUnit
}

/// The decoding of one stream, from a key frame to its end.
final class DecodingSession {
  /// More units than this without a picture do not yield one any more; H.264 reorders at most 16.
  private static let pendingLimit = 64

  let generation: Int
  private let decoder: H264Decoder
  /// Units whose picture has not come out, by the number that the decoder passes through in place of a time.
  private var pending: [Int64: FedUnit] = [:]
  private var nextToken: Int64 = 0

  /// - Parameter isLowDelay: whether pictures come out as soon as they can, rather than several at once.
  init(_ first: FedUnit, threads: Int, isLowDelay: Bool) throws(FFmpegError) {
    generation = first.stream.generation
    var options = DecoderOptions()
    options.threads = threads
    options.isLowDelay = isLowDelay
    options.reorderDepth = first.description.reorderDepth
    options.statedResolution = first.description.statedResolution
    decoder = try H264Decoder(options: options)
  }

  func decode(_ fed: FedUnit) throws(FFmpegError) -> [DecodedUnit] {
    var bytes = fed.delivery.unit.bytes
    if let sets = fed.delivery.parameterSets {
      var joined = sets.annexB
      joined.writeImmutableBuffer(bytes)
      bytes = joined
    }
    pending[nextToken] = fed
    if pending.count > Self.pendingLimit, let oldest = pending.keys.min() { pending[oldest] = nil }
    defer { nextToken += 1 }
    do throws(FFmpegError) {
      return units(try decoder.decode(bytes, presentationTime: Nanoseconds(nextToken)))
    } catch {
      pending[nextToken] = nil
      throw error
    }
  }

  /// The pictures that are still in the decoder. One that cannot be had at the end of a stream is no loss to report.
  func finish() -> [DecodedUnit] { units((try? decoder.flush()) ?? []) }

  private func units(_ pictures: [DecodedPicture]) -> [DecodedUnit] {
    pictures.compactMap { decoded in
      guard let fed = pending.removeValue(forKey: decoded.presentationTime.value) else { return nil }
      fed.decoding?.end()
      return DecodedUnit(picture: decoded.picture, fed: fed)
    }
  }
}

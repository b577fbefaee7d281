import MediaModel
import Synchronization
import VideoConsumer

/// Writes down capture times of pictures.
final class TimesConsumer: VideoConsumer {
  let service = "slam"
  let demand = ConsumerDemand.pictures()
  private let state = Mutex<[Int64]>([])
  var times: [Int64] { state.withLock { $0 } }

  func consume(_ frame: ConsumedFrame) async throws {
    state.withLock { $0.append(frame.capturedAt.nanosSince1970) }
  }
}

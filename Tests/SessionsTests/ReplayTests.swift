import MediaModel
import Sessions
import Testing

@Suite struct ReplayTests {
  private static let origin = WallTime(nanosSince1970: 1_700_000_000_000_000_000)

  private func at(_ seconds: Double) -> WallTime { Self.origin.advanced(by: .seconds(seconds)) }

  /// What goes out, in order, when both sides ask in turns: pictures as positive times, readings as negative ones.
  private func order(pictures: [Double], readings: [Double]) -> [Double] {
    let order = ReplayOrder(origin: at(pictures[0]), hasReadings: !readings.isEmpty)
    var (picture, reading, sent) = (0, 0, [Double]())
    while sent.count < pictures.count + readings.count {
      let before = sent.count
      if reading < readings.count { order.next(at(readings[reading])) }
      if picture < pictures.count, order.mayShow(at(pictures[picture])) {
        sent.append(pictures[picture])
        order.shown(at(pictures[picture]))
        picture += 1
        if picture == 1 { order.settled() }
        if picture == pictures.count { order.videoEnded() }
      }
      if reading < readings.count, order.maySend(at(readings[reading])) {
        sent.append(-readings[reading])
        reading += 1
        if reading == readings.count { order.readingsEnded() }
      }
      // They wait for each other, for ever.
      if sent.count == before { return sent }
    }
    return sent
  }

  @Test(arguments: [
    Array(stride(from: 0.01, to: 20, by: 0.01)), [0.5], [],
    Array(stride(from: 0.01, to: 4, by: 0.01)) + [15, 15.01, 19], [12, 13], Array(stride(from: 0.5, to: 30, by: 1)),
  ])
  func readingsGoAheadAndNobodyWaitsForEver(readings: [Double]) throws {
    let pictures = Array(stride(from: 0.0, to: 20, by: 0.1))
    let sent = order(pictures: pictures, readings: readings)
    #expect(sent.count == pictures.count + readings.count && sent.first == 0)
    var (shown, missing) = (0.0, readings[...])
    for entry in sent {
      if entry > 0 {
        shown = entry
        // Every reading of the next two seconds is out.
        #expect(missing.first.map { $0 > entry + 1.999 } ?? true)
      } else if entry < 0 {
        #expect(shown >= pictures.last! || -entry <= shown + 3.001)
        missing.removeFirst()
      }
    }
  }

  @Test(arguments: [(0.5, 0.0), (1, 0), (4, -7.5), (1_000, -9.99)]) func timesLieAsFarApartAsTheyDid(
    speed: Double, first: Double
  ) {
    let wall = at(1_000)
    let timeline = ReplayTimeline(
      origin: at(0), decodeOrigin: at(0), startedAt: HostTime(nanos: 0), wall: wall, length: .seconds(10), speed: speed)
    #expect(abs(timeline.stamp(at(0)).since(wall).seconds - first) < 1e-6)
    for second in stride(from: 0.0, through: 10, by: 0.5) {
      #expect(timeline.stamp(at(second)).since(timeline.stamp(at(0))) == .seconds(second))
      // Nothing is captured after it is sent.
      let sentAt = wall.advanced(by: Nanoseconds(timeline.sendAt(at(second)).nanos))
      #expect(timeline.stamp(at(second)).since(sentAt) <= .milliseconds(1))
    }
  }
}

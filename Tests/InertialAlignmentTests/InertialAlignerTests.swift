import Geometry
import InertialAlignment
import MediaModel
import TestSupport
import Testing

@Suite struct InertialAlignerTests {
  @Test func findsTheScaleWhileTheCameraFlies() throws {
    var flight = SyntheticFlight()
    (flight.seconds, flight.scale, flight.offset) = (20, 2.5, 0.1)
    var aligner = InertialAligner(options: flight.options, period: 4)
    var samples = flight.samples()[...]
    var estimates: [MetricAlignment] = []
    for pose in flight.poses() {
      while let sample = samples.first, sample.timestampNanos < pose.nanos + 100_000_000 {
        aligner.add(sample)
        samples.removeFirst()
      }
      aligner.add(pose)
      if aligner.isEstimateDue, let alignment = aligner.estimate() { estimates.append(alignment) }
    }
    #expect((3...5).contains(estimates.count))
    let alignment = try #require(aligner.alignment)
    #expect(alignment.quality == .trustworthy && abs(alignment.scale / 2.5 - 1) < 0.01)
    #expect(abs(alignment.timeOffset - 0.1) < 0.005)
    aligner.replacePoses(
      flight.poses().map { pose in
        let moved = SE3(rotation: pose.worldFromCamera.rotation, translation: 2 * pose.worldFromCamera.translation)
        return TimedPose(nanos: pose.nanos, worldFromCamera: moved)
      })
    let adjusted = aligner.estimate()
    #expect(abs(try #require(adjusted).scale / 1.25 - 1) < 0.01)
  }

  @Test func forgetsAndPassesOverWhatIsWrong() throws {
    var flight = SyntheticFlight()
    (flight.seconds, flight.scale) = (30, 0.5)
    var aligner = InertialAligner(options: flight.options, window: 8)
    #expect(!aligner.isEstimateDue)
    let nothing = aligner.estimate()
    #expect(nothing == nil)
    for (index, sample) in flight.samples().enumerated() {
      aligner.add(sample)
      if index % 50 == 0 {
        aligner.add(IMUSample(timestampNanos: .min, gyroscopeRadPerSec: .zero, accelerometerMPerSec2: .zero))
        aligner.add(
          IMUSample(
            timestampNanos: sample.timestampNanos + 1, gyroscopeRadPerSec: SIMD3(.nan, 0, 0),
            accelerometerMPerSec2: .zero))
      }
    }
    for (index, pose) in flight.poses().enumerated() {
      aligner.add(pose)
      if index % 20 == 0 { aligner.add(TimedPose(nanos: pose.nanos - 5, worldFromCamera: .identity)) }
    }
    let estimate = aligner.estimate()
    #expect(abs(try #require(estimate).scale / 0.5 - 1) < 0.02)
  }
}

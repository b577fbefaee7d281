import GroundedTracking
import Tracking
import Testing

@Suite struct PaceControllerTests {
  private static let millis: Int64 = 1_000_000

  private func controller(_ areas: [Int] = [800 * 1333, 640 * 640]) -> PaceController {
    PaceController(baseInterval: 15, areas: areas)
  }

  private func paced(_ controller: PaceController, everyMillis: Int64 = 40) -> PaceController {
    var controller = controller
    for frame in 0..<50 { controller.frame(at: Int64(frame) * everyMillis * Self.millis) }
    return controller
  }

  @Test func asksForWhatIsWantedBeforeAnythingWasMeasured() {
    let fresh = paced(controller())
    #expect(fresh.detectionInterval == 15 && fresh.detectionSize == 0 && fresh.objectsAtOnce == 4)
    #expect(!fresh.keepsUp(with: 1))
  }

  @Test func searchesSeldomWhereASearchIsLong() {
    var pace = paced(controller([800 * 1333]))
    pace.detected(size: 0, in: 3000 * Self.millis)
    // Half of the time: 3 s in 6 s, which are 150 frames.
    #expect(pace.detectionInterval == 150)
    for _ in 0..<20 { pace.detected(size: 0, in: 30 * Self.millis) }
    #expect(pace.detectionInterval == 15)
  }

  @Test func takesASmallerPictureAndTheLargerOneBack() {
    var pace = paced(controller())
    pace.detected(size: 0, in: 4900 * Self.millis)
    #expect(pace.detectionSize == 1)
    pace.detected(size: 1, in: 2800 * Self.millis)
    #expect(pace.detectionSize == 1)
    // 900 ms would be 2.3 s for the larger one.
    for _ in 0..<12 { pace.detected(size: 1, in: 900 * Self.millis) }
    #expect(pace.detectionSize == 1)
    for _ in 0..<12 { pace.detected(size: 1, in: 200 * Self.millis) }
    #expect(pace.detectionSize == 0)
  }

  @Test func looksForAsManyObjectsAsASecondIsLong() {
    var pace = paced(controller())
    // 200 ms for a picture, and 150 ms for each object.
    for objects in [1, 2, 3, 1, 4] { pace.segmented(objects: objects, in: Int64(200 + 150 * objects) * Self.millis) }
    #expect(pace.objectsAtOnce == 5)
    #expect(!pace.keepsUp(with: 1))
    // A machine on which it never fits looks for one.
    var slow = paced(controller())
    for objects in [1, 2] { slow.segmented(objects: objects, in: Int64(3000 * objects) * Self.millis) }
    #expect(slow.objectsAtOnce == 1)
  }

  @Test func aFastMachineKeepsUp() {
    var pace = paced(controller())
    for objects in 1...8 { pace.segmented(objects: objects, in: Int64(10 + objects) * Self.millis) }
    #expect(pace.keepsUp(with: 20) && !pace.keepsUp(with: 60))
    #expect(pace.objectsAtOnce == 990)
  }

  @Test func saysWhatItChose() {
    var pace = paced(controller())
    pace.detected(size: 0, in: 600 * Self.millis)
    for objects in [1, 2] { pace.segmented(objects: objects, in: Int64(200 + 100 * objects) * Self.millis) }
    let choices = pace.choices.map { "\($0.name): \($0.value)" }
    #expect(
      choices == [
        "detection interval: 30 frames", "detection time: 600 ms", "mask time: 200 ms and 100 ms an object",
        "objects at once: 8", "stream: 25 frames a second",
      ])
  }

  @Test func agapOfTheStreamIsNoPace() {
    var pace = paced(controller([1]))
    pace.frame(at: 3_600_000 * Self.millis)
    pace.detected(size: 0, in: 3000 * Self.millis)
    #expect(pace.detectionInterval == 150)
  }
}

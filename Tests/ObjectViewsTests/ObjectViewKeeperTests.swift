import MediaModel
import ObjectViews
import Testing

@Suite struct ObjectViewKeeperTests {
  /// A picture of soft stripes, each pixel different from its neighbours.
  private func picture(width: Int = 160, height: Int = 120, brightness: Int = 100) -> Picture {
    let builder = PictureBuilder(resolution: Resolution(width: width, height: height))
    for y in 0..<height {
      for x in 0..<width {
        builder.luma[y * builder.strides.luma + x] = UInt8(min(255, brightness + (x * 7 + y * 3) % 64))
      }
    }
    for y in 0..<(height + 1) / 2 {
      for x in 0..<(width + 1) / 2 {
        builder.cb[y * builder.strides.chroma + x] = UInt8(x % 256)
        builder.cr[y * builder.strides.chroma + x] = UInt8(y % 256)
      }
    }
    return builder.seal()
  }

  private func object(
    _ id: Int, _ box: SIMD4<Float> = SIMD4(40, 30, 80, 70), mask: RunLengthMask? = nil,
    sighting: TrackedObject.Sighting = .measured
  ) -> TrackedObject {
    TrackedObject(id: id, label: "car", score: 0.9, box: box, mask: mask, sighting: sighting)
  }

  @Test func aCropIsTheBoxAndAFifthMore() throws {
    let picture = picture()
    let view = try #require(ObjectView(picture, object(1), padding: 0.2, frameNumber: 7, at: 9))
    #expect(view.origin == SIMD2(36, 26))
    #expect(view.image.width == 48 && view.image.height == 48)
    #expect(view.box == SIMD4(4, 4, 44, 44))
    #expect(view.image.luma[0] == 110)
    #expect(view.image.cb[0] == 18 && view.image.cr[0] == 13)
    #expect(view.quality.completeness == 1)
  }

  @Test func whatIsOutsideThePictureIsLeftOut() throws {
    let picture = picture(width: 161, height: 121)
    let view = try #require(
      ObjectView(picture, object(1, SIMD4(130, -20, 170, 30)), padding: 0.2, frameNumber: 0, at: 0))
    #expect(view.origin == SIMD2(126, 0))
    #expect(view.image.width == 35 && view.image.height == 36 && view.image.chromaWidth == 18)
    #expect(view.box == SIMD4<Float>(4, 0, 35, 30))
    #expect(view.quality.completeness == 0.5)
    let outside: [SIMD4<Float>] = [
      SIMD4(170, 0, 190, 20), SIMD4(0, 0, 0, 10), SIMD4(Float.nan, 0, 10, 10), SIMD4(-20, 0, -1, 9),
    ]
    for box in outside {
      #expect(ObjectView(picture, object(1, box), padding: 0.2, frameNumber: 0, at: 0) == nil)
    }
  }

  @Test func aMaskIsCutAsThePictureIs() throws {
    let picture = picture()
    let isSet = { (x: Int, y: Int) in (x + 2 * y) % 5 < 3 && x > 43 }
    let mask = RunLengthMask(resolution: picture.resolution, columns: 40..<80, rows: 30..<70, isSet: isSet)
    let view = try #require(ObjectView(picture, object(1, mask: mask), padding: 0.2, frameNumber: 0, at: 0))
    let cut = try #require(view.mask)
    for y in 0..<48 {
      for x in 0..<48 {
        let (px, py) = (x + 36, y + 26)
        let expected = (40..<80).contains(px) && (30..<70).contains(py) && isSet(px, py)
        #expect(cut[y * 48 + x] == (expected ? 1 : 0))
      }
    }
  }

  @Test func theLatestThirtyStayAndTheThirtiethMakesItReady() {
    let picture = picture()
    var keeper = ObjectViewKeeper()
    var ready: [Int: [Int]] = [:]
    for number in 0..<75 {
      let ids = keeper.take(picture, [object(5), object(3)], number: number, at: Int64(number))
      if !ids.isEmpty { ready[number] = ids }
    }
    #expect(ready == [29: [3, 5]], "once each, in order")
    #expect(keeper.views(of: 3).map(\.frameNumber) == Array(45..<75))
    #expect(keeper.byteCount == 60 * (keeper.views(of: 3).first?.byteCount ?? 0))
    keeper.forget(3)
    keeper.forget(5)
    #expect(keeper.byteCount == 0 && keeper.objects.isEmpty)
  }

  @Test func poorViewsAreRefusedByReason() {
    var keeper = ObjectViewKeeper()
    _ = keeper.take(picture(), [object(1, sighting: .predicted)], number: 0, at: 0)
    _ = keeper.take(picture(), [object(1, SIMD4(0, 0, 15, 60))], number: 1, at: 0)
    _ = keeper.take(picture(brightness: 250), [object(1)], number: 2, at: 0)
    #expect(keeper.objects.isEmpty)
    #expect(keeper.counts.rejected(.unseen) == 1 && keeper.counts.rejected(.small) == 1)
    #expect(keeper.counts.rejected(.exposure) == 1 && keeper.counts.rejected(.blurred) == 0)
    for number in 3..<8 { _ = keeper.take(picture(), [object(1)], number: number, at: 0) }
    // A soft ramp has the same range of brightness and no edges.
    let builder = PictureBuilder(resolution: Resolution(width: 160, height: 120))
    for y in 0..<120 { for x in 0..<160 { builder.luma[y * builder.strides.luma + x] = UInt8(60 + x) } }
    builder.cb.update(repeating: 128, count: builder.strides.chroma * 60)
    builder.cr.update(repeating: 128, count: builder.strides.chroma * 60)
    _ = keeper.take(builder.seal(), [object(1)], number: 8, at: 0)
    #expect(keeper.counts.rejected(.blurred) == 1 && keeper.views(of: 1).count == 5)
  }

  @Test func objectsAndBytesAreBounded() {
    var options = ViewKeepingOptions()
    options.objectsKept = 3
    var keeper = ObjectViewKeeper(options)
    for number in 0..<6 { _ = keeper.take(picture(), [object(number)], number: number, at: 0) }
    #expect(keeper.objects == [3, 4, 5] && keeper.counts.objectsDropped == 3)
    options.bytesKept = 2 * (keeper.views(of: 5).first?.byteCount ?? 0)
    keeper = ObjectViewKeeper(options)
    for id in 0..<3 { _ = keeper.take(picture(), [object(id)], number: id, at: 0) }
    #expect(keeper.objects == [1, 2] && keeper.byteCount <= options.bytesKept)
  }
}

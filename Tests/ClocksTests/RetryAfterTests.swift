import Clocks
import MediaModel
import Testing

@Suite struct RetryAfterTests {
  private let now = WallTime(nanosSince1970: 784_111_777_000_000_000)  // 1994-11-06 08:49:37 UTC

  @Test func secondsAndDatesAreRead() {
    #expect(RetryAfter.parse("120", now: now) == .seconds(120))
    #expect(RetryAfter.parse("0", now: now) == .zero)
    #expect(RetryAfter.parse("Sun, 06 Nov 1994 08:50:37 GMT", now: now) == .seconds(60))
    #expect(RetryAfter.parse("Sun, 06 Nov 1994 08:49:37 GMT", now: now) == .zero)
    #expect(RetryAfter.parse("Sat, 05 Nov 1994 08:49:37 GMT", now: now) == .zero, "a date that has passed")
    let leapDay = WallTime(nanosSince1970: 951_782_400_000_000_000)  // 2000-02-29
    #expect(RetryAfter.parse("Wed, 01 Mar 2000 00:00:00 GMT", now: leapDay) == .seconds(86_400))
  }

  @Test(arguments: [
    "", "-1", "1.5", "soon", "99999999999", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 25:49:37 GMT",
    "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT", "Fri, 31 Dec 9999 23:59:59 GMT",
  ])
  func anythingElseIsNone(_ text: String) { #expect(RetryAfter.parse(text, now: now) == nil) }
}

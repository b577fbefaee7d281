import Gateway
import Testing

@Suite struct ByteRangeTests {
  @Test(arguments: [
    ("bytes=0-99", 0, 99), ("bytes=900-", 900, 999), ("bytes=-10", 990, 999), ("bytes=0-5000", 0, 999),
    ("bytes=-5000", 0, 999), ("bytes=5-5,8-9", 5, 5),
  ])
  func rangeIsCutToTheFile(field: String, first: Int, last: Int) throws {
    let range = try #require(ByteRange(field: field, size: 1_000))
    #expect(range.first == first)
    #expect(range.last == last)
  }

  @Test(arguments: [
    "bytes=1000-", "bytes=5-4", "bytes=", "bytes=-", "bytes=-0", "items=0-1", "bytes=a-b", "bytes=--5",
    "bytes=99999999999999999999-",
  ])
  func unsatisfiableRangeIsNone(field: String) { #expect(ByteRange(field: field, size: 1_000) == nil) }

  @Test func emptyFileHasNoRange() { #expect(ByteRange(field: "bytes=0-", size: 0) == nil) }
}

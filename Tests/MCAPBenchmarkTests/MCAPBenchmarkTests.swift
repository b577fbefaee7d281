import Compression
import MCAP
import MCAPBenchmark
import TestSupport
import Testing

struct MCAPBenchmarkTests {
  @Test(arguments: [nil, "lz4", "zstd"])
  func theSampleIsWholeAndTheSameEachTime(compression: String?) throws {
    let file = try MCAPSample.file(compression: compression)
    #expect(try MCAPSample.file(compression: compression) == file)
    var recovery = MCAPRecovery(compressions: ChunkCompression.all())
    recovery.receive(file)
    #expect(recovery.finish() == .whole(messages: 330))
  }

  @Test func figuresAreThoseOfTheWorkload() throws {
    let folder = TemporaryFolder()
    var plan = MCAPBenchmark.Plan(folder: folder.path("bench"))
    plan.megabytes = 1
    plan.rounds = 1
    let report = try MCAPBenchmark(plan: plan).run()
    #expect(report.rows.count == 9)
    #expect(report.rows.allSatisfy { $0.megabytesPerCPUSecond > 0 && $0.messagesPerCPUSecond > 0 })
    let video = report.rows.filter { $0.workload == .video }
    #expect(video.allSatisfy { (0.99...1.02).contains($0.fileRatio) })
    #expect(report.text.split(separator: "\n").count == 11)
  }
}

import ArgumentParser
import DetectionBenchmark
import Foundation

struct BenchDetectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detect",
    abstract: "Measure detection on simulated flights, whose truth is known.",
    discussion: """
      --motion measures the mode without a model. Each flight over a simulated city is rendered, encoded and decoded, and \
      what is found is compared with what is there: boxes match at an intersection over union of 0.5. An object is \
      wanted where it shows 1,024 pixels or more and moved by itself by 6 pixels or more in the last half second; smaller \
      or slower ones that move count neither way. Times are processor time of the one thread that finds and follows.

      EXAMPLES
        worldsystem bench detect --motion
        worldsystem bench detect --motion --flights 1 --flight-seconds 60 --json
      """)

  @Flag(help: "Measure the motion mode.")
  var motion = false

  @Option(help: ArgumentHelp("Simulated flights, of seeds from 1 on.", valueName: "count"))
  var flights = 3

  @Option(help: ArgumentHelp("How long each flight is.", valueName: "seconds"))
  var flightSeconds = 60.0

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard motion else { throw ValidationError("say what to measure: --motion") }
    guard (1...100).contains(flights), (2...3_600).contains(flightSeconds) else {
      throw ValidationError("--flights is 1 to 100, --flight-seconds 2 to 3600")
    }
  }

  func run() throws {
    FFmpegMessages.toLog()
    var rows: [MotionBenchmark.Row] = []
    for seed in 1...UInt64(flights) {
      Console.error("flying seed \(seed) for \(Int(flightSeconds)) s")
      rows.append(try MotionBenchmark.run(seed: seed, seconds: flightSeconds))
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    Console.print(json ? String(decoding: try encoder.encode(rows), as: UTF8.self) : MotionBenchmark.table(rows))
  }
}

import BusMessages
import Clocks
import DetectionService
import Gateway
import Logging
import MediaModel
import MessageBus
import NIOCore
import Relay
import ServiceLifecycle
import Settings
import Tracking

/// Detection in the process of a server, and what its page and REST say of it.
struct DetectionRole {
  let stream: StreamName
  let detection: DetectionService
  /// What is to be run before it.
  let services: [any Service]
  private let bus: any MessageBus

  /// `nil` when the settings want none.
  init?(_ settings: Settings, bus: any MessageBus, relay: Relay, group: any EventLoopGroup) throws {
    guard settings.detection.isEnabled else { return nil }
    stream = try PerceptionRole.stream(settings.detection.stream, setting: "detect.stream")
    self.bus = bus
    var options = DetectionServiceOptions(settings.detection, stream: stream.text)
    let identification = try IdentificationRole(
      settings, stream: stream.text, bus: bus, clocks: relay.clocks, group: group)
    options.watch = identification?.watch
    services = identification?.services ?? []
    detection = DetectionService(
      options: options, source: try InstalledFinders.make(settings.detection), bus: bus, metrics: DetectionMetrics(),
      clocks: relay.clocks, logger: Logger(label: "detection"))
  }

  var role: PerceptionRole {
    PerceptionRole(
      stream: stream, consumer: detection, companion: DetectionMessages(of: bus, for: detection, stream: stream.text))
  }

  /// How people see and change what is looked for: here, or, where nobody looks for objects here, in other processes on
  /// the bus.
  static func controls(_ role: DetectionRole?, bus: any MessageBus, clocks: SystemClocks) -> DetectionControls {
    guard let role else {
      return DetectionControls(
        report: { DetectionReport(state: "elsewhere", modes: DetectionMode.allCases.map(\.rawValue)) },
        change: { passOn($0, bus: bus, clocks: clocks) })
    }
    return DetectionControls(report: { role.report }, change: { role.change($0) })
  }

  private func change(_ change: DetectionChange) -> DetectionChangeOutcome {
    if let other = change.stream, other != stream.text {
      return .unavailable(reason: "stream \(stream) is looked at here, and no other")
    }
    do throws(DetectionRefusal) {
      try detection.request(DetectionRequest(mode: change.mode, prompt: change.prompt))
      return .taken
    } catch {
      if case .unavailable = error { return .unavailable(reason: "\(error)") }
      return .wrong(reason: "\(error)")
    }
  }

  /// Other processes learn of a change as they do from phones.
  private static func passOn(
    _ change: DetectionChange, bus: any MessageBus, clocks: SystemClocks
  ) -> DetectionChangeOutcome {
    guard let mode = change.mode ?? change.prompt.map({ _ in DetectionMode.grounded.rawValue }) else {
      return .wrong(reason: "neither mode nor prompt is given")
    }
    guard DetectionMode(word: mode) != nil else { return .wrong(reason: "\(DetectionRefusal.unknownMode(mode))") }
    let name = change.stream ?? StreamName.default.text
    guard StreamName(name) != nil else { return .wrong(reason: "'\(name.prefix(80))' is not the name of a stream") }
    let now = clocks.reading()
    let received = now.wall.nanosSince1970 - now.networkTimeOffset.value
    let headers: [String: BusHeaderValue] = [
      BusHeader.stream: .text(name), BusHeader.serverReceived: .text("\(received)"),
      BusHeader.networkTime: .text("\(now.wall.nanosSince1970)"),
      BusHeader.networkTimeOffset: .text("\(now.networkTimeOffset.value)"),
    ]
    guard let message = try? AnalysisMode(data: mode, prompt: change.prompt).message(headers: headers) else {
      return .wrong(reason: "the change cannot be written as JSON")
    }
    bus.publish(message)
    return .passedOn
  }

  private var report: DetectionReport {
    let state = detection.state
    return DetectionReport(
      state: state.phase.rawValue, stream: stream.text, mode: state.mode.rawValue,
      modes: detection.availableModes.map(\.rawValue), method: state.method, model: state.report.model,
      prompt: state.prompt, choices: state.report.choices.map { .init(name: $0.name, value: $0.value) },
      frame: state.frameNumber.map {
        .init(number: $0, objects: state.objectCount, millis: Double(state.frameNanos) / 1e6)
      }, frames: state.frameCount, skipped: state.skippedCount, problem: state.problem)
  }
}

extension DetectionServiceOptions {
  /// What the settings ask for, of live video.
  init(_ settings: Settings.Detection, stream: String) {
    self.init(stream: stream)
    frameSkip = settings.frameSkip
    prompt = settings.prompt
  }
}

extension InstalledFinders {
  /// What the settings ask for.
  /// - Parameter deadline: how long a run on a server may take, with the time in which that is not there.
  /// - Throws: `CommandFailure` when the model that they name is not there.
  static func make(_ settings: Settings.Detection, deadline: Duration = .seconds(10)) throws -> InstalledFinders {
    var options = Options(settings)
    options.server = try DetectionServer.options(settings, deadline: deadline)
    do throws(ModelChoiceError) { return try InstalledFinders(options) } catch {
      if case .noServer = error { throw CommandFailure(.unavailable, "\(error)") }
      throw CommandFailure(.usage, "\(error)")
    }
  }
}

extension InstalledFinders.Options {
  init(_ settings: Settings.Detection) {
    self.init(folder: settings.modelFolder, model: settings.model)
    boxThreshold = Float(settings.boxThreshold)
    textThreshold = Float(settings.textThreshold)
  }
}

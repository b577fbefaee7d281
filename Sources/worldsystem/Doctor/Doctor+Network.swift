import MediaModel
import NetworkTime
import RabbitMQ
import Settings
import Threading

// What a server needs of other machines.
extension Doctor {
  /// Whether time servers answer, and how far the clock of the system is off. All are asked at the same time.
  func timeServers() async -> [Finding] {
    guard settings.clock.isEnabled else { return [.good("time servers", "none are asked, as configured")] }
    let named: [TimeServer]
    do {
      named = try ServerClock.servers(settings)
    } catch {
      return [.bad("time servers", "\(error)", fix: "check NTP_SERVER or clock.servers", failure: .usage)]
    }
    let servers = named.isEmpty && settings.clock.asksPublicServers ? TimeServer.publicServers : named
    guard !servers.isEmpty else { return [.good("time servers", "none are asked, as configured")] }
    let findings = await withTaskGroup(of: (Int, Finding).self) { tasks in
      for (index, server) in servers.enumerated() {
        tasks.addTask { (index, await timeServer(server, isNamed: !named.isEmpty)) }
      }
      var findings: [(Int, Finding)] = []
      for await finding in tasks { findings.append(finding) }
      return findings.sorted { $0.0 < $1.0 }.map(\.1)
    }
    return findings
  }

  /// Whether the broker is reached and lets us in.
  func broker() async -> Finding {
    guard let url = settings.bus.url else { return .good("bus", "in process") }
    let thread = ThreadExecutor(name: "doctor")
    do {
      let place = try await thread.run {
        let connection = try AMQPConnection(to: AMQPAddress(url), name: "worldsystem doctor")
        let place = connection.place
        connection.close()
        return place
      }
      return .good("bus", "\(place) lets us in")
    } catch let error as AMQPError {
      return .bad(
        "bus", error.description, fix: Self.remedy(for: error), failure: Self.isUsage(error) ? .usage : .unavailable)
    } catch {
      return .bad("bus", "\(error)", fix: "check RABBITMQ_URL or --bus")
    }
  }

  private static func isUsage(_ error: AMQPError) -> Bool {
    if case .badAddress = error { return true }
    return false
  }

  private static func remedy(for error: AMQPError) -> String {
    switch error {
    case .badAddress: "give RABBITMQ_URL or --bus as amqp://user:password@host:5672/"
    case .unreachable, .lost, .closed: "start RabbitMQ there, or check RABBITMQ_URL or --bus"
    case .insecure: "check the certificates, or cacertfile in the URL"
    case .refused: "check user, password and virtual host in the URL"
    case .channelClosed, .clash, .malformed, .headersTooLarge: "check that this is RabbitMQ"
    }
  }

  /// A server that does not answer is no failure: the clock of the system serves until one does.
  private func timeServer(_ server: TimeServer, isNamed: Bool) async -> Finding {
    do throws(TimeServerProbe.NoAnswer) {
      let answer = try await TimeServerProbe.ask(server)
      let offset = answer.offset.milliseconds
      let text =
        "\(server): stratum \(answer.stratum), the clock of the system is "
        + "\(Self.rounded(abs(offset))) ms \(offset < 0 ? "fast" : "slow"), round trip "
        + "\(Self.rounded(answer.delay.milliseconds)) ms"
      guard abs(offset) > 500 else { return .good("time server", text) }
      return .warning("time server", text, fix: "other programs see that clock; run systemd-timesyncd or chrony")
    } catch {
      return .warning(
        "time server", "\(server): \(error)",
        fix: isNamed
          ? "check NTP_SERVER, and that UDP to port \(server.port) may leave"
          : "name a server that can be reached by NTP_SERVER, or set clock.enabled to false")
    }
  }

  private static func rounded(_ milliseconds: Double) -> Double { (milliseconds * 10).rounded() / 10 }
}

extension MetricsCatalogue {
  static let clock: [MetricDefinition] = [
    .clockSynchronised, .clockOffset, .clockCorrection, .clockDispersion, .clockDelay, .clockStratum, .clockPolls,
    .clockPollFailures, .clockRepliesIgnored, .clockSystemJumps, .publisherClockOffset, .publisherClockOffsetSpread,
  ]
}

extension MetricDefinition {
  public static let clockSynchronised = MetricDefinition(
    "worldsystem_clock_synchronised", "1 while a time server tells the time, else 0", .gauge)
  public static let clockOffset = MetricDefinition(
    "worldsystem_clock_offset_seconds", "Network time minus the clock of the system, as measured", .gauge)
  public static let clockCorrection = MetricDefinition(
    "worldsystem_clock_correction_seconds",
    "What the clock in use is ahead of the clock of the system; follows the offset by at most 500 ppm", .gauge)
  public static let clockDispersion = MetricDefinition(
    "worldsystem_clock_dispersion_seconds", "Error bound of network time without the round trip, grows between answers",
    .gauge)
  public static let clockDelay = MetricDefinition(
    "worldsystem_clock_delay_seconds", "Round trip to the time server in use", .gauge)
  public static let clockStratum = MetricDefinition(
    "worldsystem_clock_stratum", "Servers between a reference clock and us, 0 as long as none told the time", .gauge)
  public static let clockPolls = MetricDefinition(
    "worldsystem_clock_polls_total", "Times that a time server was to be asked", .counter)
  public static let clockPollFailures = MetricDefinition(
    "worldsystem_clock_poll_failures_total", "Times that a time server did not tell the time, by reason", .counter,
    labels: [
      Label(
        "reason",
        ["timeout", "unresolved", "unreachable", "refused", "rate", "unsynchronised", "distant", "implausible"])
    ])
  public static let clockRepliesIgnored = MetricDefinition(
    "worldsystem_clock_replies_ignored_total", "Datagrams that were no answers, by what was wrong", .counter,
    labels: [Label("reason", ["malformed", "unmatched"])])
  public static let clockSystemJumps = MetricDefinition(
    "worldsystem_clock_system_jumps_total", "Times that somebody set the clock of the system", .counter)
  public static let publisherClockOffset = MetricDefinition(
    "worldsystem_phone_clock_offset_seconds",
    "The server's clock minus that of the publisher that connected last, by its fastest packet", .gauge)
  public static let publisherClockOffsetSpread = MetricDefinition(
    "worldsystem_phone_clock_offset_spread_seconds",
    "How much the offset of the publisher that connected last varied over the last minute", .gauge)
}

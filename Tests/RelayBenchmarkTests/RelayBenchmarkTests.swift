import Testing

@Suite struct RelayBenchmarkTests {}

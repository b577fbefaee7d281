// RelayBenchmark

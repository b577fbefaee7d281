import Testing

@Suite struct ObservabilityTests {}

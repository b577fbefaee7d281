import Testing

@Suite struct RelayTests {}

import Testing

@Suite struct AccessTests {}

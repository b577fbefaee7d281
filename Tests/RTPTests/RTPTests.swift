import Testing

@Suite struct RTPTests {}

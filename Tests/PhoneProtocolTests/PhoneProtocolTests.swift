import Testing

@Suite struct PhoneProtocolTests {}

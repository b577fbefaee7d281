import Testing

@Suite struct MediaModelTests {}

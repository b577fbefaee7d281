import Testing

@Suite struct RecordingTests {}

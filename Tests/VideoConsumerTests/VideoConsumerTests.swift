import Testing

@Suite struct VideoConsumerTests {}

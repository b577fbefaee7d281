import Testing

@Suite struct WebSocketTransportTests {}

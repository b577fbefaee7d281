import Testing

@Suite struct RTSPServerTests {}

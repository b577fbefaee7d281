import Testing

@Suite struct RTSPTests {}

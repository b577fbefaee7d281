import Testing

@Suite struct JPEGTests {}

import Testing

@Suite struct H264Tests {}

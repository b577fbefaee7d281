import Testing

@Suite struct FFmpegTests {}

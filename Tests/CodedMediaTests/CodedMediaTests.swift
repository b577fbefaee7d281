import Testing

@Suite struct CodedMediaTests {}

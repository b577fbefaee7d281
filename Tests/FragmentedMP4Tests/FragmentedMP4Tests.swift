import Testing

@Suite struct FragmentedMP4Tests {}

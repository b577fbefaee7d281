// FragmentedMP4

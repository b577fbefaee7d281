extension Array<Float> {
  /// Each number rounded to the 8 significant bits of bfloat16, to even where two are equally near.
  mutating func roundToBrainFloat() {
    for index in indices {
      let bits = self[index].bitPattern
      self[index] = Float(bitPattern: (bits &+ 0x7fff &+ (bits >> 16 & 1)) & 0xffff_0000)
    }
  }
}

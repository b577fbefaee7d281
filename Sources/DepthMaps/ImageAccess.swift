@inline(__always)
func load4(_ pointer: UnsafePointer<Float>) -> SIMD4<Float> {
  UnsafeRawPointer(pointer).loadUnaligned(as: SIMD4<Float>.self)
}

@inline(__always)
func load8(_ pointer: UnsafePointer<Float>) -> SIMD8<Float> {
  UnsafeRawPointer(pointer).loadUnaligned(as: SIMD8<Float>.self)
}

/// Between four pixels.
@inline(__always)
func interpolated(_ image: UnsafePointer<Float>, _ stride: Int, _ x: Float, _ y: Float) -> Float {
  let (column, row) = (Int(x), Int(y))
  let (right, down) = (x - Float(column), y - Float(row))
  let corner = image + (row * stride + column)
  let top = corner[0] + right * (corner[1] - corner[0])
  let bottom = corner[stride] + right * (corner[stride + 1] - corner[stride])
  return top + down * (bottom - top)
}

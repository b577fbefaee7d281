/// Tells which cells of an object's surroundings are the object's: a small net of separable convolutions.
///
/// Eight layers, each a convolution of each channel by itself over nine cells that are 1, 2, 4, 8 and again 1, 2, 4, 8 cells
/// apart, then one over the channels; all but the first add to what they are given. The last is one number for each cell:
/// the logarithm of the odds. Its weights were fitted to simulated flights, mirrored and turned by quarters, so that it does
/// not know up from down. Sources: Howard et al. 2017, "MobileNets: efficient convolutional neural networks for mobile vision applications";
/// Yu, Koltun 2016, "Multi-scale context aggregation by dilated convolutions"; He et al. 2016, "Deep residual learning for
/// image recognition".
package struct ShapeNet: Sendable {
  package typealias Channels = SIMD16<Float>

  private struct Layer: Sendable {
    var distance: Int
    /// Of the nine cells around, row after row.
    var around: [Channels]
    /// Row k is what channel k adds to all.
    var across: [Channels]
    var bias: Channels
  }

  /// Cells in a row and in a column of the windows that it was fitted to.
  package static let side = 36
  package static let channels = 16
  /// The channels that say how near an object's patches are, and whether a cell was held to be its.
  package static let (patches, own) = (8, 14)
  /// How far apart, in cells, the nine cells that each layer looks at are.
  package static let distances = [1, 2, 4, 8, 1, 2, 4, 8]
  private static let margin = distances.max() ?? 0
  package static let shared = ShapeNet()
  private let layers: [Layer]
  private let last: Channels
  private let bias: Float

  private init() {
    var at = 0
    func next() -> Channels {
      defer { at += Self.channels }
      return Channels(ShapeWeights.values[at..<at + Self.channels])
    }
    layers = Self.distances.map { distance in
      Layer(
        distance: distance, around: (0..<9).map { _ in next() }, across: (0..<Self.channels).map { _ in next() },
        bias: next())
    }
    last = next()
    bias = ShapeWeights.values[at]
  }

  /// - Parameter cells: of a square window, row after row.
  /// - Returns: the logarithm of the odds that each cell is the object's.
  package func odds(_ cells: [Channels], side: Int) -> [Float] {
    let stride = side + 2 * Self.margin
    var source = [Channels](repeating: .zero, count: stride * stride)
    var target = source
    for y in 0..<side {
      for x in 0..<side { source[(y + Self.margin) * stride + x + Self.margin] = cells[y * side + x] }
    }
    for (index, layer) in layers.enumerated() {
      source.withUnsafeBufferPointer { source in
        target.withUnsafeMutableBufferPointer { target in
          Self.apply(layer, source.baseAddress!, target.baseAddress!, side, stride, adds: index > 0)
        }
      }
      swap(&source, &target)
    }
    var result = [Float](repeating: 0, count: side * side)
    for y in 0..<side {
      for x in 0..<side {
        result[y * side + x] = (source[(y + Self.margin) * stride + x + Self.margin] * last).sum() + bias
      }
    }
    return result
  }

  private static func apply(
    _ layer: Layer, _ source: UnsafePointer<Channels>, _ target: UnsafeMutablePointer<Channels>, _ side: Int,
    _ stride: Int, adds: Bool
  ) {
    layer.around.withUnsafeBufferPointer { around in
      layer.across.withUnsafeBufferPointer { across in
        for y in margin..<margin + side {
          for x in margin..<margin + side {
            let at = y &* stride &+ x
            var sum = Channels.zero
            for row in 0..<3 {
              let line = source + (at &+ (row &- 1) &* layer.distance &* stride)
              sum += line[-layer.distance] * around[3 &* row]
              sum += line[0] * around[3 &* row &+ 1]
              sum += line[layer.distance] * around[3 &* row &+ 2]
            }
            var result = layer.bias
            for channel in 0..<channels { result += across[channel] * sum[channel] }
            result.replace(with: Channels.zero, where: result .< Channels.zero)
            target[at] = adds ? result + source[at] : result
          }
        }
      }
    }
  }
}

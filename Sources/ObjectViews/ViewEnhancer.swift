/// How views are made into one better picture.
public struct EnhancementOptions: Hashable, Sendable {
  /// Pixels of the result for one of the best view, along a side: 1 or 2.
  public var scale = 2
  /// A result of more pixels is made at scale 1; a megapixel takes seconds.
  public var pixelLimit = 1 << 20
  /// Views whose correlation with the best one is less, once they lie over it, show something else.
  public var leastCorrelation: Float = 0.7
  /// How much of the measured blur is undone, 0 for none. The measure takes the sharpest edges for steps, and comes out low
  /// by a quarter on pictures of known blur: 1.3 gives the least error there.
  public var deblur: Float = 1.3
  /// How much local contrast is raised, 0 (not at all) to 1.
  public var contrast: Float = 0.35
  /// The greatest slope of local contrast.
  public var contrastLimit: Float = 2

  public init() {}
}

/// Several views of an object made into one.
public struct EnhancedView: Hashable, Sendable {
  /// The result: the part of the picture that the best view shows.
  public var image: ViewImage
  /// Pixels of the result for one of the best view, along a side.
  public var scale: Int
  /// The best view, as a place in the views that were given.
  public var best: Int
  /// Views that went in, the best one included.
  public var used: Int
  /// The blur that was undone, σ in pixels of the result; 0 for none.
  public var blur: Float
}

/// Makes several views of an object into one better picture.
///
/// The best view is the reference. Each other view is laid over it below a pixel (``ViewRegistration``), weighted by
/// its sharpness and by what differs, and pixel by pixel by how far it agrees with the reference; all of them are fused on
/// a grid of twice the resolution (``ViewFusion``), then blur is measured and undone within bounds (``ViewDeblur``), and
/// local contrast is raised within bounds (``LocalContrast``). The same views give the same bytes.
public struct ViewEnhancer: Sendable {
  public let options: EnhancementOptions

  public init(_ options: EnhancementOptions = EnhancementOptions()) { self.options = options }

  /// - Parameter views: of one object, at least one.
  /// - Complexity: O(views · pixels of the result).
  public func enhance(_ views: [ObjectView]) -> EnhancedView? {
    guard let best = BestViews.best(views) else { return nil }
    let reference = views[best]
    let (width, height) = (reference.image.width, reference.image.height)
    let scale = options.scale >= 2 && 4 * width * height <= options.pixelLimit ? 2 : 1
    let luma = FloatPlane(width: width, height: height, bytes: reference.image.luma)
    let unit = Double(max(width, height)) / 2
    let noise = luma.noise
    let sources = sources(views, best: best, luma: luma, noise: noise, unit: unit)
    let effective = sources.reduce(0) { $0 + $1.weight }
    // With many views the places of their samples fill the gaps; with few a wider kernel has to.
    let fusion = ViewFusion(scale: scale, sigma: effective >= 12 ? 0.25 : effective >= 4 ? 0.4 : 0.55)
    let fused = fusion.fuse(sources, \.luma, reference: luma, unit: unit, isChroma: false)
    let (restored, blur) = sharpened(fused, noise: noise / max(effective, 1).squareRoot(), effective: effective)
    let range: ClosedRange<Float> = reference.image.isFullRange ? 0...255 : 16...235
    let contrast = LocalContrast(limit: options.contrastLimit, strength: options.contrast, range: range)
    let chroma = [\FusionSource.cb, \FusionSource.cr].map { plane in
      fusion.fuse(sources, plane, reference: sources[0][keyPath: plane], unit: unit, isChroma: true)
    }
    let outWidth = width * scale, outHeight = height * scale
    let (chromaWidth, chromaHeight) = ((outWidth + 1) / 2, (outHeight + 1) / 2)
    let image = ViewImage(
      width: outWidth, height: outHeight, luma: contrast.applied(to: restored).bytes(outWidth, outHeight),
      cb: chroma[0].bytes(chromaWidth, chromaHeight), cr: chroma[1].bytes(chromaWidth, chromaHeight),
      isFullRange: reference.image.isFullRange)
    return EnhancedView(image: image, scale: scale, best: best, used: sources.count, blur: blur)
  }

  /// The reference first, then each other view that can be laid over it.
  private func sources(
    _ views: [ObjectView], best: Int, luma: FloatPlane, noise: Float, unit: Double
  ) -> [FusionSource] {
    let reference = views[best]
    let weights = Self.cover(reference)
    let registration = ViewRegistration(luma, weights: weights, box: reference.box)
    func source(_ view: ObjectView, _ luma: FloatPlane, _ placement: ViewPlacement) -> FusionSource {
      let image = view.image
      return FusionSource(
        luma: luma, cb: FloatPlane(width: image.chromaWidth, height: image.chromaHeight, bytes: image.cb),
        cr: FloatPlane(width: image.chromaWidth, height: image.chromaHeight, bytes: image.cr), placement: placement,
        weight: 1, agreement: FloatPlane(width: 1, height: 1, values: [1]))
    }
    let itself = ViewPlacement(warp: .identity, gain: 1, bias: 0, residual: 0, correlation: 1)
    var sources = [source(reference, luma, itself)]
    sources[0].agreement = FloatPlane(
      width: luma.width, height: luma.height, values: luma.values.map { _ in 1 })
    var sharpness = [reference.quality.sharpness]
    for (index, view) in views.enumerated() where index != best {
      let plane = FloatPlane(width: view.image.width, height: view.image.height, bytes: view.image.luma)
      guard let placement = registration.place(plane, box: view.box),
        placement.correlation >= options.leastCorrelation
      else { continue }
      var next = source(view, plane, placement)
      next.agreement = ViewFusion.agreement(of: plane, placement, with: luma, noise: noise, unit: unit)
      sources.append(next)
      // A view seen from farther away is smoother on the reference's grid.
      sharpness.append(view.quality.sharpness * Float(placement.warp.areaGrowth.squareRoot()))
    }
    Self.weigh(&sources, sharpness)
    return sources
  }

  /// Weights: the fourth power of sharpness against that of the reference, and the square of the median residual against that
  /// of the view, each 1 at most.
  private static func weigh(_ sources: inout [FusionSource], _ sharpness: [Float]) {
    let residuals = sources.dropFirst().map(\.placement.residual).sorted()
    guard !residuals.isEmpty else { return }
    let median = max(residuals[residuals.count / 2], 0.5)
    let sharpest = max(sharpness[0], .leastNormalMagnitude)
    for index in sources.indices.dropFirst() {
      let (edge, fit) = (sharpness[index] / sharpest, median / max(sources[index].placement.residual, 0.5))
      sources[index].weight = min(edge * edge * edge * edge, 1) * min(fit * fit, 1)
    }
  }

  /// The pixels that are aligned: the mask, else the box.
  private static func cover(_ view: ObjectView) -> [UInt8] {
    if let mask = view.mask { return mask }
    let (width, height) = (view.image.width, view.image.height)
    var cover = [UInt8](repeating: 0, count: width * height)
    for y in max(0, Int(view.box.y))..<min(height, Int(view.box.w.rounded(.up))) {
      for x in max(0, Int(view.box.x))..<min(width, Int(view.box.z.rounded(.up))) { cover[y * width + x] = 1 }
    }
    return cover
  }

  /// - Parameter effective: the sum of the weights of all views.
  private func sharpened(_ fused: FloatPlane, noise: Float, effective: Float) -> (FloatPlane, Float) {
    guard options.deblur > 0, let measured = ViewDeblur.blur(of: fused, again: 1.5, noise: noise) else {
      return (fused, 0)
    }
    // Less than this is no blur, and more cannot be undone.
    let sigma = min(max(options.deblur * measured, 0.5), 3)
    // Noise that fewer views averaged must not be raised as far.
    let damping = ViewDeblur.leastDamping * max(1, 20 / max(effective, 1))
    return (ViewDeblur(sigma: sigma, damping: damping).restored(fused), sigma)
  }
}

extension FloatPlane {
  /// As bytes, without what is beyond `width` and `height`; a chroma plane of odd size is larger than needed.
  fileprivate func bytes(_ width: Int, _ height: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(width * height)
    for y in 0..<height {
      for x in 0..<width {
        let value = values[min(y, self.height - 1) * self.width + min(x, self.width - 1)]
        bytes.append(UInt8(min(max(value.rounded(), 0), 255)))
      }
    }
    return bytes
  }
}

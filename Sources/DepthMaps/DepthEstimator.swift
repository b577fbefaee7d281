public import Geometry
import Vision

/// Semi-dense depth of a key frame: of the pixels with structure, from neighbouring views of known pose.
///
/// Works as long as the scene stands still and the views are a few degrees apart. Deterministic.
///
/// Source: Engel, Sturm, Cremers 2013, "Semi-Dense Visual Odometry for a Monocular Camera"; the search compares all
/// neighbours at once, after Okutomi, Kanade 1993, "A multiple-baseline stereo".
public struct DepthEstimator: Sendable {
  private let camera: CameraModel
  private let options: DepthOptions
  private let lens: LensProjection
  /// The point at z = 1 of each pixel, not a number where the lens has no inverse.
  private let rays: [SIMD2<Float>]

  /// - Complexity: inverts the lens at each pixel; keep the estimator.
  public init(camera: CameraModel, options: DepthOptions = DepthOptions()) {
    self.camera = camera
    self.options = options
    lens = LensProjection(camera)
    var rays: [SIMD2<Float>] = []
    rays.reserveCapacity(max(camera.width, 0) * max(camera.height, 0))
    for y in 0..<max(camera.height, 0) {
      for x in 0..<max(camera.width, 0) {
        let ray = camera.unproject(SIMD2(Double(x), Double(y)))
        rays.append(ray.map { SIMD2(Float($0.x), Float($0.y)) } ?? SIMD2(.nan, .nan))
      }
    }
    self.rays = rays
  }

  /// The depths that stand out.
  /// - Parameters:
  ///   - neighbours: the first four of the camera's picture size are used; ``NeighbourChoice`` finds good ones.
  ///   - landmarks: points of the map, in the world; those that the reference sees give the range of depths. Fewer than
  ///     eight in the picture give no depth.
  /// - Returns: in the order of the pixels, row after row; empty when nothing can be said.
  public func estimate(reference: DepthView, neighbours: [DepthView], landmarks: [SIMD3<Double>]) -> [DepthEstimate] {
    let fitting = neighbours.filter { fits($0) }.prefix(EpipolarSearch.maximalNeighbours)
    guard fits(reference), !fitting.isEmpty,
      let ranges = DepthRanges(landmarks, cameraFromWorld: reference.cameraFromWorld, camera: camera)
    else { return [] }
    let poses = fitting.map { NeighbourPose($0.cameraFromWorld * reference.cameraFromWorld.inverse) }
    let samples = search(reference.image, ImageStack([reference.image] + fitting.map(\.image)), poses, ranges)
    return samples.map { sample in
      let ray = rays[Int(sample.y) * camera.width + Int(sample.x)]
      return DepthEstimate(
        pixel: SIMD2(sample.x, sample.y), inverseDepth: sample.inverseDepth,
        inverseDepthDeviation: sample.variance.squareRoot(), confidence: sample.confidence,
        pointInCamera: SIMD3(ray.x, ray.y, 1) / sample.inverseDepth)
    }
  }

  private func fits(_ view: DepthView) -> Bool {
    let (p, q) = (view.cameraFromWorld.translation, view.cameraFromWorld.rotation.quaternion)
    return view.image.width == camera.width && view.image.height == camera.height && (p.sum() + q.sum()).isFinite
  }

  private func search(
    _ reference: GreyImage, _ stack: ImageStack, _ poses: [NeighbourPose], _ ranges: DepthRanges
  ) -> [DepthRegulariser.Sample] {
    let stride = EpipolarSearch.stride
    let scratch = SearchScratch(
      neighbours: poses.count, stepCapacity: min(max(options.maximalSteps, stride), 4096) / stride * stride)
    defer { scratch.deallocate() }
    return reference.pixels.withUnsafeBufferPointer { pixels in
      guard let pixels = pixels.baseAddress else { return [] }
      let selection = PixelSelection(
        pixels, width: stack.width, height: stack.height, minimalGradient: options.minimalGradient,
        maximalCount: options.maximalPixels)
      var samples: [DepthRegulariser.Sample] = []
      withSearch(stack, poses, scratch) { search in
        let growth = DepthGrowth(picture: pixels, search: search, options: options)
        samples = regularised(found(selection.pixels, pixels, search, ranges))
        guard Float(samples.count) >= options.minimalYield * Float(selection.pixels.count) else {
          samples = []
          return
        }
        samples = regularised(growth.grow(samples))
      }
      return samples
    }
  }

  private func found(
    _ selection: [Int32], _ picture: UnsafePointer<UInt8>, _ search: EpipolarSearch, _ ranges: DepthRanges
  ) -> [DepthRegulariser.Sample] {
    var samples: [DepthRegulariser.Sample] = []
    samples.reserveCapacity(selection.count)
    for pixel in selection {
      let (x, y) = (Int(pixel) % search.width, Int(pixel) / search.width)
      let gradient = imageGradient(picture + Int(pixel), search.width)
      guard let match = search.match(x: x, y: y, gradient: gradient, in: ranges.range(x: x, y: y)) else { continue }
      samples.append(DepthRegulariser.Sample(match, x: x, y: y, options))
    }
    return samples
  }

  private func regularised(_ samples: [DepthRegulariser.Sample]) -> [DepthRegulariser.Sample] {
    DepthRegulariser(
      width: camera.width, height: camera.height, radius: options.agreementRadius,
      minimalAgreement: options.minimalAgreement
    ).regularise(samples)
  }

  private func withSearch(
    _ stack: ImageStack, _ poses: [NeighbourPose], _ scratch: SearchScratch, _ body: (EpipolarSearch) -> Void
  ) {
    stack.fine.withUnsafeBufferPointer { fine in
      stack.coarse.withUnsafeBufferPointer { coarse in
        stack.inverseNorms.withUnsafeBufferPointer { norms in
          rays.withUnsafeBufferPointer { rays in
            poses.withUnsafeBufferPointer { poses in
              guard let fine = fine.baseAddress, let coarse = coarse.baseAddress, let norms = norms.baseAddress,
                let rays = rays.baseAddress
              else { return }
              body(
                EpipolarSearch(
                  width: stack.width, height: stack.height, coarseWidth: stack.coarseWidth,
                  coarseHeight: stack.coarseHeight, fine: fine, coarse: coarse, inverseNorms: norms, rays: rays,
                  lens: lens, neighbours: poses, options: options, scratch: scratch))
            }
          }
        }
      }
    }
  }
}

extension DepthRegulariser.Sample {
  init(_ match: EpipolarSearch.Match, x: Int, y: Int, _ options: DepthOptions) {
    let relative = match.deviation / match.inverseDepth / max(options.maximalRelativeDeviation, 1e-6)
    let range = max(1 - options.minimalSimilarity, 1e-6)
    let similarity = min(max((match.similarity - options.minimalSimilarity) / range, 0), 1)
    self.init(
      x: Float(x), y: Float(y), inverseDepth: match.inverseDepth, variance: match.deviation * match.deviation,
      confidence: match.agreement * (0.3 + 0.7 * similarity) / (1 + relative * relative))
  }
}

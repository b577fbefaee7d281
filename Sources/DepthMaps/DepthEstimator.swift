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
  ///   - neighbours: the first six of the camera's picture size are used; ``NeighbourChoice`` finds good ones.
  ///   - landmarks: points of the map, in the world; those that the reference sees give the range of depths. Fewer than
  ///     eight in the picture give no depth.
  /// - Returns: in the order of the pixels, row after row; empty when nothing can be said.
  public func estimate(reference: DepthView, neighbours: [DepthView], landmarks: [SIMD3<Double>]) -> [DepthEstimate] {
    let fitting = neighbours.filter { fits($0) }.prefix(EpipolarSearch.maximalNeighbours)
    guard fits(reference), !fitting.isEmpty, let range = inverseDepthRange(reference, landmarks) else { return [] }
    let poses = fitting.map { NeighbourPose($0.cameraFromWorld * reference.cameraFromWorld.inverse) }
    let stack = ImageStack([reference.image] + fitting.map(\.image))
    let samples = search(stack, poses, range)
    let regulariser = DepthRegulariser(
      width: stack.width, height: stack.height, radius: options.agreementRadius,
      minimalAgreement: options.minimalAgreement)
    return regulariser.regularise(samples).map { sample in
      let ray = rays[Int(sample.y) * stack.width + Int(sample.x)]
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

  /// From half the inverse depth of the far landmarks to one and a half times that of the near.
  private func inverseDepthRange(_ view: DepthView, _ landmarks: [SIMD3<Double>]) -> (far: Float, near: Float)? {
    let inverseDepths = landmarks.compactMap { landmark -> Double? in
      let point = view.cameraFromWorld * landmark
      guard let pixel = camera.project(point), camera.contains(pixel: pixel) else { return nil }
      let inverse = 1 / point.z
      return inverse.isFinite ? inverse : nil
    }.sorted()
    guard inverseDepths.count >= 8 else { return nil }
    let far = inverseDepths[inverseDepths.count / 50] * 0.5
    let near = inverseDepths[inverseDepths.count - 1 - inverseDepths.count / 50] * 1.5
    return (Float(far), Float(near))
  }

  private func search(
    _ stack: ImageStack, _ poses: [NeighbourPose], _ range: (far: Float, near: Float)
  ) -> [DepthRegulariser.Sample] {
    var bounded = options
    bounded.maximalSteps = min(max(options.maximalSteps, 8), 4096)
    let scratch = SearchScratch(neighbours: poses.count, stepCapacity: bounded.maximalSteps + 1)
    defer { scratch.deallocate() }
    var samples: [DepthRegulariser.Sample] = []
    stack.raw.withUnsafeBufferPointer { raw in
      stack.smooth.withUnsafeBufferPointer { smooth in
        rays.withUnsafeBufferPointer { rays in
          poses.withUnsafeBufferPointer { poses in
            guard let raw = raw.baseAddress, let smooth = smooth.baseAddress, let rays = rays.baseAddress else {
              return
            }
            let selection = PixelSelection(
              smooth, width: stack.width, height: stack.height, minimalGradient: bounded.minimalGradient,
              maximalCount: bounded.maximalPixels)
            let search = EpipolarSearch(
              width: stack.width, height: stack.height, raw: raw, smooth: smooth, rays: rays, lens: lens,
              neighbours: poses, nearestInverseDepth: range.near, farthestInverseDepth: range.far, options: bounded,
              scratch: scratch)
            samples.reserveCapacity(selection.pixels.count)
            for pixel in selection.pixels {
              guard let match = search.match(at: Int(pixel)) else { continue }
              samples.append(sample(match, x: Int(pixel) % stack.width, y: Int(pixel) / stack.width))
            }
          }
        }
      }
    }
    return samples
  }

  private func sample(_ match: EpipolarSearch.Match, x: Int, y: Int) -> DepthRegulariser.Sample {
    let relative = match.deviation / match.inverseDepth / max(options.maximalRelativeDeviation, 1e-6)
    let range = max(1 - options.minimalSimilarity, 1e-6)
    let similarity = min(max((match.similarity - options.minimalSimilarity) / range, 0), 1)
    return DepthRegulariser.Sample(
      x: Float(x), y: Float(y), inverseDepth: match.inverseDepth, variance: match.deviation * match.deviation,
      confidence: (0.3 + 0.7 * similarity) / (1 + relative * relative))
  }
}

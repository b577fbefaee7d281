public import Inference

/// Turns what the detector's network says into boxes.
public struct GroundingDecoder: Sendable {
  /// Score of a box that counts, at least.
  public var boxThreshold: Float = 0.25
  /// Score of a word that counts towards a box's label, at least.
  public var textThreshold: Float = 0.2
  /// Boxes of one phrase that overlap by more than this (intersection over union) are the same thing.
  public var maximalOverlap: Float = 0.7

  public init() {}

  /// - Parameters:
  ///   - logits: `[1, queries, tokens]`.
  ///   - boxes: `[1, queries, 4]`, centre x and y, width and height, as shares of the picture.
  ///   - width: of the picture, pixels.
  ///   - height: of the picture, pixels.
  /// - Returns: what was found, the best first.
  /// - Precondition: as many logits a query as the prompt has tokens.
  /// - Source: `post_process_grounded_object_detection` of the models' reference implementation; overlapping boxes of
  ///   one phrase are left out beside that.
  public func detections(
    logits: Tensor, boxes: Tensor, prompt: GroundingPrompt, tokenizer: WordPieceTokenizer, width: Int, height: Int
  ) -> [DetectedBox] {
    let (scores, places) = (logits.floats, boxes.floats)
    let count = prompt.tokens.count
    precondition(logits.shape == [1, boxes.shape[1], count] && boxes.shape[2] == 4)
    let size = SIMD4(Float(width), Float(height), Float(width), Float(height))
    var found: [DetectedBox] = []
    for query in 0..<boxes.shape[1] {
      let row = scores[query * count..<(query + 1) * count]
      guard let best = row.indices.max(by: { row[$0] < row[$1] }) else { continue }
      let score = sigmoid(row[best])
      guard score > boxThreshold else { continue }
      let named = row.indices.dropFirst().dropLast().filter { sigmoid(row[$0]) > textThreshold }
      let box = SIMD4(places[4 * query], places[4 * query + 1], places[4 * query + 2], places[4 * query + 3])
      let half = SIMD2(box.z, box.w) / 2
      let centre = SIMD2(box.x, box.y)
      found.append(
        DetectedBox(
          box: SIMD4(lowHalf: centre - half, highHalf: centre + half) * size, score: score,
          label: tokenizer.text(named.map { prompt.tokens[$0 - row.startIndex] }),
          category: prompt.phraseOfToken[best - row.startIndex]))
    }
    return NonMaximumSuppression(maximalOverlap: maximalOverlap).filtered(found)
  }
}

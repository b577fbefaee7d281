public import CodedMedia
public import NIOCore

/// Collects the parameter sets of a stream and says which are in force for a slice.
///
/// Sets are kept as copies, so that none holds on to the packet it came in. Bounded by the ids of the standard:
/// 32 SPS and 256 PPS of at most `parameterSetBytes` each.
public struct ParameterSetCollector: Sendable {
  /// What a slice decodes with.
  public struct Active: Sendable {
    /// The same object as long as the bytes of its sets stay the same.
    public let sets: ParameterSets
    public let sps: SequenceParameterSet
    public let pps: PictureParameterSet
  }

  private struct StoredPPS: Sendable {
    var bytes: ByteBuffer
    var parsed: PictureParameterSet
  }

  private struct StoredSPS: Sendable {
    var bytes: ByteBuffer
    var parsed: SequenceParameterSet
    /// Built when asked for; `nil` once a set that it is made of changed.
    var sets: ParameterSets?
  }

  private let parameterSetBytes: Int
  private var spsByID: [Int: StoredSPS] = [:]
  /// In the order in which their ids first came.
  private var ppsInOrder: [StoredPPS] = []

  /// - Parameter parameterSetBytes: larger sets are refused.
  public init(parameterSetBytes: Int = 16_384) { self.parameterSetBytes = parameterSetBytes }

  /// Whether at least one SPS and one PPS that refers to it have come.
  public var isComplete: Bool { ppsInOrder.contains { spsByID[$0.parsed.spsID] != nil } }

  /// Takes an SPS NAL unit, without start code.
  /// - Returns: its id.
  @discardableResult
  public mutating func addSPS(_ nalUnit: ByteBuffer) throws(H264Error) -> Int {
    if let known = spsByID.first(where: { $0.value.bytes == nalUnit }) { return known.key }
    try checkSize(nalUnit)
    let parsed = try SequenceParameterSet.parse(nalUnit)
    spsByID[parsed.id] = StoredSPS(bytes: nalUnit.copied(), parsed: parsed, sets: nil)
    return parsed.id
  }

  /// Takes a PPS NAL unit, without start code. The SPS it refers to may come later.
  /// - Returns: its id.
  @discardableResult
  public mutating func addPPS(_ nalUnit: ByteBuffer) throws(H264Error) -> Int {
    if let known = ppsInOrder.first(where: { $0.bytes == nalUnit }) { return known.parsed.id }
    try checkSize(nalUnit)
    let stored = StoredPPS(bytes: nalUnit.copied(), parsed: try PictureParameterSet.parse(nalUnit))
    if let index = ppsInOrder.firstIndex(where: { $0.parsed.id == stored.parsed.id }) {
      spsByID[ppsInOrder[index].parsed.spsID]?.sets = nil
      ppsInOrder[index] = stored
    } else {
      ppsInOrder.append(stored)
    }
    spsByID[stored.parsed.spsID]?.sets = nil
    return stored.parsed.id
  }

  /// The sets that a slice with this PPS id decodes with, all PPS of its SPS among them.
  /// - Returns: `nil` when the PPS, or the SPS it refers to, has not come.
  public mutating func active(forPPS id: Int) -> Active? {
    guard let pps = ppsInOrder.first(where: { $0.parsed.id == id })?.parsed, let sps = spsByID[pps.spsID] else {
      return nil
    }
    if let sets = sps.sets { return Active(sets: sets, sps: sps.parsed, pps: pps) }
    let sets = ParameterSets(
      sps: sps.bytes, pps: ppsInOrder.filter { $0.parsed.spsID == pps.spsID }.map(\.bytes),
      resolution: sps.parsed.resolution, codecString: sps.parsed.codecString, reorderDepth: sps.parsed.reorderDepth)
    spsByID[pps.spsID]?.sets = sets
    return Active(sets: sets, sps: sps.parsed, pps: pps)
  }

  private func checkSize(_ nalUnit: ByteBuffer) throws(H264Error) {
    guard nalUnit.readableBytes <= parameterSetBytes else {
      throw .parameterSetTooLarge(bytes: nalUnit.readableBytes, limit: parameterSetBytes)
    }
  }
}

extension ParameterSets {
  /// Sets from one SPS and its PPS NAL units, without start codes.
  /// - Throws: when one of them cannot be read, or when a PPS refers to another SPS.
  public static func parse(sps: ByteBuffer, pps: [ByteBuffer]) throws(H264Error) -> ParameterSets {
    let parsed = try SequenceParameterSet.parse(sps)
    guard !pps.isEmpty else { throw .unknownParameterSet(kind: .pps, id: 0) }
    for unit in pps {
      let picture = try PictureParameterSet.parse(unit)
      guard picture.spsID == parsed.id else { throw .unknownParameterSet(kind: .sps, id: picture.spsID) }
    }
    return ParameterSets(
      sps: sps.copied(), pps: pps.map { $0.copied() }, resolution: parsed.resolution,
      codecString: parsed.codecString, reorderDepth: parsed.reorderDepth)
  }
}

extension ByteBuffer {
  /// The readable bytes in memory of their own.
  func copied() -> ByteBuffer { ByteBuffer(bytes: readableBytesView) }
}

public import NIOCore

/// The part of a picture parameter set that slice headers depend on (ISO/IEC 14496-10 §7.3.2.2).
public struct PictureParameterSet: Hashable, Sendable {
  /// 0…255
  public var id: Int
  /// 0…31: the SPS that it refers to.
  public var spsID: Int
  public var isCABAC: Bool
  /// Whether slice headers carry delta_pic_order_cnt_bottom or delta_pic_order_cnt[1].
  public var hasPictureOrderInFrame: Bool
  /// Whether slice headers carry redundant_pic_cnt.
  public var hasRedundantPictureCount: Bool

  /// Reads a PPS NAL unit, its header byte included, without start code.
  public static func parse(_ nalUnit: ByteBuffer) throws(H264Error) -> PictureParameterSet {
    try requireType(.pps, of: nalUnit)
    var reader = BitReader(nalUnit: nalUnit, structure: "PPS")
    let id = try reader.readUnsigned(in: 0...255, "pic_parameter_set_id")
    let spsID = try reader.readUnsigned(in: 0...31, "seq_parameter_set_id")
    let isCABAC = try reader.readBit()
    let hasOrder = try reader.readBit()
    let groups = try reader.readUnsigned(in: 0...7, "num_slice_groups_minus1")
    if groups > 0 { try skipSliceGroups(&reader, groups: groups) }
    _ = try reader.readUnsigned(in: 0...31, "num_ref_idx_l0_default_active_minus1")
    _ = try reader.readUnsigned(in: 0...31, "num_ref_idx_l1_default_active_minus1")
    try reader.skipBits(3)  // weighted_pred_flag, weighted_bipred_idc
    for _ in 0..<3 { _ = try reader.readSigned() }  // pic_init_qp, pic_init_qs, chroma_qp_index_offset
    try reader.skipBits(2)  // deblocking_filter_control_present_flag, constrained_intra_pred_flag
    return PictureParameterSet(
      id: id, spsID: spsID, isCABAC: isCABAC, hasPictureOrderInFrame: hasOrder,
      hasRedundantPictureCount: try reader.readBit())
  }

  private static func skipSliceGroups(_ reader: inout BitReader, groups: Int) throws(H264Error) {
    switch try reader.readUnsigned(in: 0...6, "slice_group_map_type") {
    case 0:
      for _ in 0...groups { _ = try reader.readUnsigned() }
    case 2:
      for _ in 0..<groups {
        _ = try reader.readUnsigned()
        _ = try reader.readUnsigned()
      }
    case 3, 4, 5:
      _ = try reader.readBit()
      _ = try reader.readUnsigned()
    case 6:
      let count = try reader.readUnsigned(in: 0...139_263, "pic_size_in_map_units_minus1") + 1
      let bits = groups > 3 ? 3 : groups > 1 ? 2 : 1
      try reader.skipBits(count * bits)
    default:
      break
    }
  }
}
